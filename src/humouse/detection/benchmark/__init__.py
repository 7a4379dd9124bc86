"""The benchmark on held-out families: design → folds → predictions → metrics → result → findings."""
