//! What the model of the disk allows.
