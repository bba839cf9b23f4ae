doctor-sound = Everything is in order.
doctor-problems = { $n ->
    [one] there is one problem: the line with "ERROR" says which, and what to do
   *[other] there are { $n } problems: the lines with "ERROR" say which, and what to do
 }
doctor-mark-good = good
doctor-mark-warning = WARNING
doctor-mark-wrong = ERROR
doctor-part-disk = Disk
doctor-part-clock = Clock
doctor-part-certificate = Certificate
doctor-part-store = Store
doctor-part-work = Waiting work
doctor-part-audit = Record of accesses
doctor-disk-free = { $gigabytes } GB free
doctor-disk-low = only { $gigabytes } GB are free: add space, or remove old copies, before writes stop
doctor-disk-unknown = the system does not say how much space is left: look with 'df -h' in the data folder
doctor-disk-flush = a write reaches the medium in { $micros } µs (median of { $n })
doctor-disk-slow = a write reaches the medium in { $micros } µs (median of { $n }): beyond 20,000 µs every save makes people wait; use a local disk, or a controller with protected memory
doctor-disk-unwritable = the data folder cannot be written ({ $error }): check owner and permissions
doctor-clock-fits = the system's time is not before the last recorded access
doctor-clock-behind = the system's time is { $seconds } seconds behind the last recorded access: turn on synchronisation (NTP) and set the time before serving
doctor-clock-unset = the system's time is before the date of this program: set it and turn on synchronisation (NTP) before serving
doctor-clock-database = this machine's clock differs from the database's by { $seconds } seconds (minus: it is behind): turn on synchronisation (NTP) on both machines before serving
doctor-clock-node = the clock of node { $address } differs from the database's by { $seconds } seconds (minus: it is behind): turn on synchronisation (NTP) on that machine
doctor-certificate-none = none named (--tls-cert): not looked at
doctor-certificate-valid = valid for { $days } more days
doctor-certificate-soon = { $days ->
    [0] ends within a day
    [one] ends in a day
   *[other] ends in { $days } days
 }: renew it
doctor-certificate-over = ended: browsers refuse the connection; renew it now
doctor-certificate-early = not valid yet: check the system's time and the certificate
doctor-certificate-unreadable = it cannot be read ({ $error }): name the chain of certificates in PEM with --tls-cert
doctor-store-sound = sound: { $resources } resources, { $rows } index rows, { $versions } versions read
doctor-store-database = sound: counts and index compared with every resource
doctor-store-problem = not sound ({ $error }): stop the program, keep this store as it is and restore the last verified backup
doctor-store-schema = the schema is this program's
doctor-audit-whole = { $records } accesses, none changed, removed or added
doctor-audit-broken = the chain is broken: { $error }. Keep this store as it is, tell the data protection officer, compare with a copy
doctor-work-none = nothing is stuck
doctor-work-timers = { $n ->
    [one] one timer was due { $minutes } minutes ago and did not fire
   *[other] { $n } timers are due, the oldest since { $minutes } minutes, and did not fire
 }: they fire when the program serves; if it does, look into its log
doctor-work-outbox = { $n ->
    [one] one outgoing event
   *[other] { $n } outgoing events
 } waited for more than ten minutes: they leave when the program serves; if it does, look into its log
doctor-work-incidents = { $n ->
    [one] one open incident waits for somebody
   *[other] { $n } open incidents wait for somebody
 }: see Operations, Incidents
doctor-work-dead = { $n ->
    [one] one notification was given up
   *[other] { $n } notifications were given up
 }: check that the receivers answer, then repeat them
