"""An app that exists in tests only: registers which no county keeps, to prove what every register can rely on."""
