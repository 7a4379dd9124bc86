"""What training shares among all models: loop, batches, optimiser steps, journal, checkpoints."""
