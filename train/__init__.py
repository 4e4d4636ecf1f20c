"""Trains a plain convolutional network, writes its model folder and checks it through the engine."""
