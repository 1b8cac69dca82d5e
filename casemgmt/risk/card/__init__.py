"""The model card: what a reader must be told of a model, in the order of TRIPOD+AI."""
