"""The chapters of the guided tour: their names in links, and their titles."""

CHAPTERS = {
    "picture": "A picture is numbers",
    "window": "A window slides",
    "kernels": "Many kernels, many maps",
    "relu": "ReLU cuts at zero",
    "pooling": "Pooling keeps the largest",
    "again": "Again and again",
    "flatten": "From maps to a list",
    "answer": "From the list to an answer",
    "learning": "How it learned",
    "slips": "What people often get wrong",
}
