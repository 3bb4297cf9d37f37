"""Pages of comparisons: pairs judged blindly, batches of pairs, gold pairs, guidelines.

Belongs here: pages and forms. Stays out: rules of the queue and of decisions (``vitrina.review``), the frame of pages
(``vitrina.desk``).
"""
