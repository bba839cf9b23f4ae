# Search
search-who = Whom are you looking for?
search = Search
search-help = Surname and given name in any order, begun or written as they sound; date of birth; codice fiscale, STP, ENI, card number; telephone.
search-results = Persons found
search-count = { $n ->
    [one] One person found.
   *[other] { $n } persons found.
  }
search-first = The first { $n } persons: add the given name or the date of birth to see fewer.
search-alike = { $n ->
    [one] Nobody with this very name: here is one person who is like it.
   *[other] Nobody with this very name: here are { $n } persons who are like it.
  }
search-none-title = Nobody found
search-none-text = Look at how name and date are written, try fewer words, or enter the person.
search-too-wide = There are too many: add the name, or the whole day of birth.
found-by-sound = sounds alike
found-by-likeness = is alike
code-none = without code
code-cf = Codice fiscale
code-stp = STP
code-eni = ENI
code-team = EHIC
col-name = Person
col-born = Born
col-code = Code
col-residence = Residence
col-phone = Telephone
age = { $n ->
    [0] less than a year
    [one] one year
   *[other] { $n } years
  }
badge-dead = dead
badge-inactive = record closed
person-new = Enter a person
