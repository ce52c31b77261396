"""How far two sounds, or two settings, lie apart."""
