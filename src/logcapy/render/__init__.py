"""A record as text: for people, and as a line of JSON. What strangers have written into it is inert."""
