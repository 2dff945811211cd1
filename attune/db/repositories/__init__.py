"""Every query of the product, one class for each entity."""
