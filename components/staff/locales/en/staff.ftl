staff-title = Staff
staff-new = New person
staff-edit = Change the data
staff-created = The person is recorded: now you can give them an assignment.
staff-known = There is somebody with this codice fiscale already: this one.
staff-changed = Data changed.
changed-meanwhile = Somebody else changed these data meanwhile. Go back, reload the page and make the change again.
not-oneself = Nobody gives, changes or ends an assignment of their own: a colleague of the office does.
own-record = This is your record. If something is not right, tell the office for the staff.
not-recorded = not recorded
edit = Change
save = Save
remove = Remove

search-text = Name, codice fiscale or number
search-do = Search
search-none-title = Nobody found
search-none-text = Try fewer letters or fewer filters: the order of words and accents do not matter.
search-more = There are many: these are the first { $n }. Narrow the search.
search-count = { $n ->
    [one] One person
   *[other] { $n } people
  }
any-unit = All units
any-role = All roles
any-discipline = All disciplines
state-all = All
state-attivi = In service
state-cessati = Without assignment
state-current = In service
state-none = Without assignment
state-future = To begin
col-name = Person
col-work = Assignments

field-struttura = Unit
field-ruolo = Role
field-disciplina = Discipline
field-stato = State
field-contratto = Contract
field-qualifica = Qualification
field-dal = From
field-al = To
field-ore = Hours a week
field-orario = Days and hours
field-principale = It is the main assignment
field-sede = Sites
field-massimale = Own ceiling
field-ambito = Areas
field-cognome = Surname
field-nome = Given names
field-title-before = Title before the name
field-codice_fiscale = Codice fiscale
field-nascita = Date of birth
field-sesso = Sex
field-matricola = Staff number
field-email = E-mail
field-telefono = Telephone
field-titolo = Register or title
field-numero = Number
field-ordine = Order or body
field-versione = Version
sex-f = Female
sex-m = Male
several-help = Hold Ctrl to choose more than one.
no-discipline = None
convention-part = For doctors under convention only
ceiling-help = Empty: the general ceiling holds.

wrong-missing = is missing
wrong-long = at most { $value } characters
wrong-date = “{ $value }” is no valid date
wrong-mail = “{ $value }” is no address
wrong-number = a number up to { $value }
wrong-choice = choose an entry of the list
wrong-taken = is that of { $value }
wrong-code = is no valid code ({ $value })
finding-surname = does not fit the surname
finding-given = does not fit the given name
finding-birth = does not fit the date of birth
finding-sex = does not fit the sex
finding-place = does not fit the place of birth

assignments-title = Assignments
assignments-past = Past assignments
assignment-new = New assignment
assignment-edit = Correct the assignment
assignment-give = Give the assignment
assignment-given = Given: the rights hold at once, within the period.
assignment-changed = Corrected: the rights hold at once.
assignment-taken-back = taken back before it began
assignment-lead = The role gives rights: they begin and end with the dates of the assignment.
assignment-refused = Nothing was recorded.
assignment-end = End the assignment
assignment-ended = { $n ->
    [0] Ended.
    [one] Ended: one task passed to the colleague.
   *[other] Ended: { $n } tasks passed to the colleague.
  }
no-assignment = No assignment.
main-one = main
hours-a-week = { $n } hours a week
a-substitute = As a substitute
period-none = without dates
period-from = from { $from }
period-to = to { $to }
period-both = from { $from } to { $to }
rule-ordine = The assignment would end before it begins ({ $detail }).
rule-principale = There would be two main assignments at the same time.
rule-doppione = There would be the same role twice in the same unit at the same time.
rule-unicita = There would be two contracts that exclude each other ({ $detail }).
rule-ore = The hours of the week would be too many ({ $detail }).
rule-source = Source: { $source }.
rule-unverified = rule to be confirmed
rule-standing = To be looked at: { $rule }
end-lead = With the assignment end the rights that come from it: for open pages too, from that minute on.
end-remains = What remains
end-tasks = { $n ->
    [0] No tasks in hand
   *[other] Tasks in hand:
  }
end-patients = Patients who chose them: { $n }
end-patients-convention = They pass to another doctor by a new choice; until then give a substitute the assignment for the period.
end-teams = Care teams they belong to: { $n }
end-last-role = It is their only assignment now: afterwards they cannot work in the system.
end-when = When it ends
end-now = Now
end-on-day = At the end of a day
end-day = Day
end-pass = The tasks in hand pass to
end-pass-nobody = Nobody: they remain without anybody to do them
end-pass-help = Colleagues with the same role in the same unit. The tasks pass at once.
end-reason = Reason
end-do = End the assignment
end-when-missing = Say when it ends: now, or at the end of a day.
end-reason-missing = Write the reason (at most 500 characters).
end-colleague-wrong = Choose a colleague with the same role in the same unit.

titles-title = Registers and titles
titles-none = No inscription recorded.
titles-many = At most { $n } titles.
title-add = Record or renew an inscription
title-renew = With the same register and number, the new date takes the place of the old one.
title-saved = Inscription recorded.
title-removed = Inscription removed.
title-number = no. { $n }
title-over = Expired
title-soon = About to expire
register-missing = The role needs an inscription that does not hold today: { $register }.

past-title = As it was
past-lead = What was true on one day, as the registry knew it on another: two different dates show what was corrected later.
past-true = True on
past-known = As known on
past-then = True on { $day }, as known on { $known }
past-versions = All versions
past-when = Written
past-what = What
past-told = Content
past-person = Person
past-assignment = Assignment

alerts-title = Expiries
alerts-lead = Registers and titles of those in service: what has expired, what will, what is missing.
alerts-open = To be checked
alerts-ended = Expired
alerts-ending = Expiring within six months
alerts-missing = Inscriptions that roles need and that are not recorded
alerts-none = Nothing.
alerts-beyond = The first { $shown } are shown, the earliest first; { $n } more are not on this page.
alert-check = Checked
alert-checked = Checked: if the registry does not have the new date, the task comes back.
notice-read = Notice read.

# Codice fiscale
cf-fiscal-length = must have 16 characters
cf-fiscal-character = has a character out of place
cf-fiscal-name = has letters that come from no name
cf-fiscal-date = holds an impossible date
cf-fiscal-check = has the wrong check letter
cf-fiscal-no-letters = cannot be computed from this name
cf-fiscal-place = holds an impossible place
notice-ends = { $what }: it ends on { $day }. Bring the office the proof of renewal.
notice-close = Read

credits-title = Continuing education (ECM)
credits-between = Three years from { $from } to { $to }
credits-earned = { $earned } credits of { $owed }
credits-insured = Below { $percent }% at the end of the three years the insurance may not hold.
credit-add = Record an event
credit-event = Event
credit-day = Day
credit-number = Credits
credit-added = Credits recorded.
credit-day-wrong = The day of the event is no past date.
credit-number-wrong = Credits are a number above zero, up to { $most }.
credit-title-wrong = Write the name of the event (at most 300 characters).

absences-title = Absences
absences-none = No absence recorded.
absence-add = Record an absence
absence-kind = Reason
absence-substitute = Substitute
absence-nobody = Nobody
absence-help = The substitute has the role in the unit for these days only; that of a family doctor sees the colleague's patients.
absence-added = Absence of { $who } recorded.
absence-cancel = Call off or end today
absence-cancelled = Absence closed: the role of the substitute, if any, has ended now.
absence-off = called off or ended early
absence-substituted = Substitute: { $who }
absence-days-wrong = Write two days, the first not after the last, at most three years.
absence-twice = There is an absence on these days already.
absence-substitute-wrong = The substitute must have the same role today, and the absent an assignment to cover.

chart-title = Organisation chart
chart-day = On
chart-root = Starting from
chart-lead = On { $day }: { $n ->
    [one] one assignment
   *[other] { $n } assignments
  }.
chart-print = For paper use “Print” of the browser.
chart-cut = There are many units: choose where to start.
chart-left-out = { $n ->
    [one] One unit without assignments is not shown.
   *[other] { $n } units without assignments are not shown.
 }
chart-all = Show all of them
chart-more = has more units under it

conventions-title = Conventions
ceiling-rule = Ceiling { $ceiling } patients; one doctor for { $people } residents.
areas-title = Areas and what they lack
areas-none = No area is recorded.
area-people = Residents
area-doctors = Doctors
area-needed = Needed
area-lacking = Lacking
area-municipalities = { $n ->
    [0] no municipality
    [one] one municipality
   *[other] { $n } municipalities
  }
doctors-title = Doctors
doctors-none = No doctor in this area.
surgeries = Surgeries
ceiling = Ceiling
ceiling-own = own
patients = Patients
places-free = Free places

exports-title = Files sent
exports-lead = Files for higher bodies: each row is checked; what is wrong stays out and says why.
exports-none-title = No file made
exports-none-text = Choose a layout and a day, then make the file.
export-layout = Layout
layout-unverified = layout to be confirmed
export-make = Make the file
export-made = Made: look at it before it is sent.
export-when = Made
export-rows = Rows
export-counts = { $rows } in the file, { $out } left out
export-receipt = Receipt
export-recipient = Recipient
export-hash = SHA-256
export-again-of = Sent again
export-before = the refused rows of this one
export-unverified = Layout to be confirmed: { $source }. Compare it with the official text before sending the file.
export-download = Download the file
export-again = Make again the rows refused or left out
export-left-out = Left out of the file
export-refused = Refused by the body
export-no-receipt = The receipt has no columns { $key } and { $outcome } in its first line.
export-nothing-refused = No row was refused or left out: there is nothing to send again.
receipt-none = not yet
receipt-counts = { $yes } accepted, { $no } refused
receipt-add = Load the receipt of the body
receipt-help = A text file with a heading line; it needs at least the columns { $key } and { $outcome }.
receipt-file = File of the receipt
receipt-send = Load
receipt-size = The receipt is empty or larger than { $most } MB.
receipt-taken = { $n ->
    [0] The receipt is matched with the rows.
   *[other] Matched; { $n } lines are not of this file.
  }
check-required = { $column }: missing
check-value = { $column }: a value that the layout does not know
check-date = { $column }: wrong date
check-form = { $column }: wrong form
check-long = { $column }: too long

import-title = Import
import-lead = People and assignments from a CSV file: first a preview with what is wrong in each row, then the import, which can be undone.
import-file = CSV file
import-load = Read the file
import-before = Imports
import-size = It takes a CSV file with a heading and one to { $most } rows, at most 1 MB.
import-columns-many = Line { $line } has too many columns.
import-cell-long = A text on line { $line } is too long: is a quote missing?
import-quote-open = The quote that opens on line { $line } is not closed.
import-letta = To be imported
import-in-corso = Under way
import-fatta = Imported
import-annullata = Undone
import-over = This import was run or undone already.
import-counts = { $good } rows are right, { $bad } have errors
import-run = { $n ->
    [one] Import the row that is right
   *[other] Import the { $n } rows that are right
  }
import-columns = Which column is what
import-map = Read again
import-done = Imported: { $n } written, { $refused } rows refused.
import-written = { $n } people and assignments were written.
import-undo = Undo the import
import-undone = { $n ->
    [0] Undone.
   *[other] Undone; { $n } stay because somebody changed or used them.
  }
import-refused = Refused by the rules
import-row = Row { $n }
import-rows = Rows of the file
import-wrong = Errors
import-fine = none
wrong-unknown = “{ $value }” is not known

# Confirmations
confirm-title = Confirmations
confirm-lead = Assignments that give sensitive roles hold after a second person confirms them: neither who gave them nor who gets them.
confirm-none-title = Nothing to confirm
confirm-none-text = Assignments that wait for a second person appear here.
confirm-given = Given by { $who }, { $when }
confirm-wider = It widens an assignment that holds as before meanwhile.
confirm-do = Confirm
confirm-refuse = Refuse
confirm-why = Why you refuse it
confirm-decided = Decided
confirm-giver = Given by
confirm-by = Decided by
confirm-outcome = Outcome
confirm-confermata = Confirmed
confirm-rifiutata = Refused
confirm-done = Confirmed: the rights hold at once, within the period.
confirm-refused = Refused: what held before stays.
confirm-reason = Say why you refuse it, in at most { $most } characters.
confirm-not-giver = You gave it: somebody else confirms it.
confirm-not-own = It is your own: somebody else decides.
confirm-own-waits = An assignment of your own waits: until then somebody else confirms.
confirm-in-turn = You confirmed assignments of each other lately: somebody else confirms this one.
assignment-waits = Recorded. It gives a sensitive role: it holds after a second person confirms it (Confirmations).
waits-badge = To be confirmed

# Files in parts, pages, example
export-most = Rows per file (at most)
export-part = part { $part } of { $all }
export-parts = Parts
export-too-many = The rows do not fit into 20 files of { $most }: none was made, so that nobody is left out unnoticed. Say more rows per file.
doctors-count = Doctors { $range } of { $all }
doctors-pages = Pages of doctors
doctors-before = Before
doctors-after = After
doctors-page = Page { $n } of { $all }
import-start-from = To begin:
import-example-file = download an example file
import-expected = The columns of the file
import-expected-lead = The first line has the names of the columns, in any order; those that are not recognised are chosen afterwards. Cells are separated by semicolons, commas or tabs; dates are like 31/12/2026.
import-col = Column
import-what = What stands in it
import-need = Needed
import-need-always = Always
import-need-work = With an assignment
import-need-never = No
import-col-cognome = Surname
import-col-nome = Given names
import-col-codice_fiscale = Codice fiscale, 16 characters; who is there already with the same code is not recorded twice
import-col-nascita = Date of birth, as in the codice fiscale
import-col-sesso = F or M
import-col-matricola = Staff number
import-col-email = E-mail for work
import-col-telefono = Telephone for work
import-col-struttura = Name of the unit, as in the registry of structures, or its id
import-col-ruolo = One of: { $codes }
import-col-disciplina = Code of the discipline, two digits, for roles that have one
import-col-contratto = One of: { $codes }
import-col-qualifica = Qualification, as in the contract
import-col-dal = First day of the assignment
import-col-al = Last day of the assignment; empty: without end
import-col-ore = Hours a week, at most 80
