form-errors-title = { $n ->
    [one] There is one answer to correct
   *[other] There are { $n } answers to correct
  }
form-error-required = “{ $label }”: an answer is needed.
form-error-choice = “{ $label }”: choose one of the answers offered.
form-error-number = “{ $label }”: enter a number, for example 7.4.
form-error-integer = “{ $label }”: enter a whole number.
form-error-min = “{ $label }”: the least value allowed is { $min }{ $unit }.
form-error-max = “{ $label }”: the greatest value allowed is { $max }{ $unit }.
form-error-date = “{ $label }”: enter an existing date, for example 21/11/2026.
form-error-date-min = “{ $label }”: the date cannot be before { $min }.
form-error-date-max = “{ $label }”: the date cannot be after { $max }.
form-error-date-time = “{ $label }”: enter date and time, for example 21/11/2026 14:30.
form-error-time = “{ $label }”: enter a time, for example 14:30.
form-error-length = “{ $label }”: at most { $max } characters.
form-error-url = “{ $label }”: enter an address that begins with https://.
form-range = From { $min } to { $max }.
form-range-min = At least { $min }.
form-range-max = At most { $max }.
form-yes = Yes
form-no = No
form-not-given = Not given
form-choose = Choose
form-other = Other (specify)
form-unit = Unit of { $label }
form-only-if = Answer only if { $condition }.
form-and = and
form-or = or
form-when-exists = “{ $label }” has an answer
form-when-missing = “{ $label }” has no answer
form-when-equal = “{ $label }” is { $value }
form-when-not-equal = “{ $label }” is not { $value }
form-when-greater = “{ $label }” is more than { $value }
form-when-less = “{ $label }” is less than { $value }
form-when-at-least = “{ $label }” is at least { $value }
form-when-at-most = “{ $label }” is at most { $value }
