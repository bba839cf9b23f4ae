citizens-title = Anagrafe assistiti
citizens-lead = Chi è la persona, dove abita, da quando è assistita e da chi.
