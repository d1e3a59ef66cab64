"""Pure domain rules (`models.domain`) and machine learning (`models.learned`)."""
