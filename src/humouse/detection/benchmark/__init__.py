"""The benchmark on families held out: design → folds → predictions → metrics → result → findings."""
