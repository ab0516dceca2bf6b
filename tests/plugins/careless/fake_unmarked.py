"""Forgot the decorator."""


def cinekit_solvers():
    return {}
