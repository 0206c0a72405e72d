"""Repairing: what is whole is saved, what is lost is named, what is derived is made anew."""
