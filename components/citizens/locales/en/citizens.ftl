citizens-title = Registry of assisted people
citizens-lead = Who a person is, where they live, since when they are assisted and by whom.
