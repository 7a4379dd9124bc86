"""How detectors do on families of bots held out: design → folds → predictions → metrics → aggregate → result → findings."""
