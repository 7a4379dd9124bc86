"""What training any model here needs: the loop, its batches, its journal, its checkpoints, its scores."""
