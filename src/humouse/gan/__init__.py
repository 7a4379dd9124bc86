"""The GAN baseline: generators and discriminators trained against each other."""
