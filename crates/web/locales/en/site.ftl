# Layout
skip-links = Skip to
skip-to-content = Skip to content
skip-to-navigation = Skip to navigation
health-service = Regional health service
tagline = The region's care pathways
language = Language
main-navigation = Main navigation
breadcrumb = Breadcrumb
pagination = Pages of the list
next-page = Next page
footer-what = information system of the regional health service
footer-license = Free software under the EUPL-1.2. Only the data that is needed; every access is recorded.
home = Home
go-home = Go to the home page
print = Print
confirm = Confirm
cancel = Cancel
required-mark = required
sort-ascending = ascending
sort-descending = descending
sort-by = Sort by { $column }

# Sign-in
sign-in-title = Sign in
sign-in = Sign in
sign-in-as = Enter
sign-out = Sign out
user-name = User name
password = Password
signed-out = You have signed out. Sign in again to continue.
sign-in-wrong = User name or password are wrong. Check and try again.
sign-in-locked = { $seconds ->
    [one] Too many failed tries: try again in one second.
   *[other] Too many failed tries: try again in { $seconds } seconds.
  }
refused-wrong = Not right. Check and try again.
refused-ended = It took too long: begin again.
refused-proof = First confirm who you are.
refused-not-allowed = This is not permitted to you.
refused-own-roles = Nobody gives roles to an account of their own: another administrator does.
refused-second-person = It takes a second person: neither who gave the roles nor who gets them, nor who waits for roles, nor two people in turn.
refused-unknown = It is not there (any more): perhaps it was removed already.
refused-taken = There is one already: choose another name.
refused-factor-needed = Your role demands a second factor: set up another one before you remove this one.
refused-too-many = You can have { $max } at most: remove one first.
refused-no-passkeys = Passkeys do not work at this address: the site needs a domain name with a secure connection.
refused-invalid = Unacceptable value ({ $field }): { $message }
password-short = The password needs at least { $min } characters.
password-long = The password is too long ({ $max } characters at most).
password-common = It is one of the commonest passwords, or holds one: anybody would try it. Choose another one.
password-personal = It holds your name or user name: choose another one.
password-repetition = It is a repetition or a run of neighbouring keys: choose another one.
password-same = It is the one you have.
password-differs = The two passwords are not the same.
password-new = New password
password-again = New password again
password-help = At least 12 characters. A phrase of several words is easy to remember and hard to guess.
passkey-sign-in = Sign in with a passkey
passkey-use = Use a passkey
passkey-failed = The passkey was not accepted, or you closed the window. Try again.
recover-link = Do you have a recovery code from the administrator?
recover-title = Recover your access
recover-text = If you can no longer sign in, your organisation's administrator can give you a code that works once. Type it here: then choose a new password.
recover-code = Administrator's code
step-code-title = Second factor
step-code-text = Open your authenticator app and type the six-digit code.
step-passkey-text = Use your passkey, or type one of your recovery codes.
step-code = Code
step-code-help = If you no longer have the app, type one of your recovery codes.
step-go-on = Continue
step-begin-again = Begin again
step-enrol-title = Set up the second factor
step-enrol-text = Your role demands a second factor: without it you cannot come in.
step-password-title = Choose a new password
step-password-text = The administrator's code works once: choose your password now.
step-choose-title = How do you want to come in?
step-choose-text = You have several roles: choose the one to work in now. You can change it at any time in "My access".
capacity-citizen = Citizen
totp-install = Install an authenticator app on your phone (for example FreeOTP, Aegis, Google Authenticator).
totp-scan = Scan this code with the app.
totp-qr = QR code for the authenticator app
totp-or-type = If you cannot scan it, type this key into the app:
totp-type-code = Type here the six-digit code that the app shows.
totp-code = Six-digit code
totp-activate = Set up
codes-title = Your recovery codes
codes-text = Keep them in a safe place: each lets you in once if you lose your phone. They will not be shown again.
codes-kept = I have kept them: continue
acting-region = On behalf of somebody else
acting-for = You are seeing the data of { $name }
acting-end = Back to your own data
refused-no-capacity = You have no active role at the moment. If you work for the health service, ask who is responsible for access.
provider-unknown = This way to sign in is not available.
provider-away = The identity service does not answer, or answers something invalid. Try again in a few minutes.
provider-stray = The sign-in expired or was finished already. Begin again.
provider-cancelled = You cancelled the sign-in, or did not give your consent. You can try again at any time.
provider-denied = The identity service did not let you in (code { $code }). Try again, or ask your identity provider.
provider-token = The answer of the identity service is not valid: for safety you were not let in. Try again.
provider-level = A higher level of security is needed: sign in with a second factor (SPID level 2 or CIE).
provider-not-registered = Your codice fiscale is neither among the assisted nor among the staff of this region.
sign-in-with-account = Or with user name and password
signed-out-title = You are signed out
signed-out-here = Your session on Sinfonia is closed.
signed-out-still = You may still be signed in at { $provider }: on a shared computer sign out there too.
signed-out-there = Sign out at { $provider } too
demo-title = People of the demonstration region
demo-text = This installation holds invented people only. Enter with the role you want to try.

# Roles
role-mmg = General practitioner
role-diabetologo = Diabetologist
role-infermiere = Family and community nurse
role-case-manager = Case manager
role-assistito = Patient
role-oculista = Ophthalmologist
role-cardiologo = Cardiologist
role-nefrologo = Nephrologist
role-podologo = Podiatrist
role-dietista = Dietitian
role-planner = Planner
role-ufficio-privacy = Data protection office
role-operatore-cup = Booking desk
role-referente-struttura = Manager of a structure
role-operatore-anagrafe = Registry office
role-pls = Paediatrician
role-medico = Doctor
role-specialista = Specialist
role-ostetrica = Midwife
role-psicologo = Psychologist
role-fisioterapista = Physiotherapist
role-assistente-sociale = Social worker
role-farmacista = Pharmacist
role-ufficio-personale = Staff office
role-risk-manager = Risk manager
role-programmatore = Regional planning
role-ricercatore = Researcher
role-data-manager = Data manager
role-admin = Administrator
role-system = System

# Due moments
due-none = no due date
due-today = due today
due-overdue-today = overdue today
due-in-days = { $n ->
    [one] due tomorrow
   *[other] in { $n } days
  }
due-in-weeks = { $n ->
    [one] in one week
   *[other] in { $n } weeks
  }
due-in-months = { $n ->
    [one] in one month
   *[other] in { $n } months
  }
due-overdue-days = { $n ->
    [one] overdue by one day
   *[other] overdue by { $n } days
  }
due-overdue-weeks = { $n ->
    [one] overdue by one week
   *[other] overdue by { $n } weeks
  }
due-overdue-months = { $n ->
    [one] overdue by one month
   *[other] overdue by { $n } months
  }

# Error pages
error-code = Code { $code }
error-403-title = You cannot open this page
error-403-what = Your role does not permit this.
error-403-remedy = If you need it for your work, ask whoever manages access at your health authority.
error-csrf-title = The form is no longer valid
error-csrf-what = The page you sent the data from belongs to a session that has ended. Nothing was saved.
error-csrf-remedy = Go back, reload the page and send again.
error-404-title = Page not found
error-404-what = There is nothing at this address: it may have been moved, finished or deleted.
error-404-remedy = Check the address, or start again from the home page.
error-409-title = Somebody was faster
error-409-what = While you worked, somebody else changed the same data. Your changes were not saved.
error-409-remedy = Go back, reload the page to see the current data, and repeat if it is still needed.
error-422-title = The data sent is not valid
error-422-what = Some data is missing or not in the right form. Nothing was saved.
error-422-remedy = Go back, correct it and send again.
error-429-title = Too many requests
error-429-what = Too many requests arrived in a short time.
error-429-remedy = Wait a few minutes and try again.
error-500-title = Something did not work
error-500-what = It is an error of the system, not yours. It was recorded.
error-500-remedy = Try again. If it happens again, tell the support the time and the address of the page.
error-503-title = Service unavailable
error-503-what = The system cannot answer at the moment.
error-503-remedy = Try again in a few seconds. What you had saved is safe.

opened-emergency = Emergency access
opened-emergency-region = Emergency access to the data of { $name }
opened-unlock = Protected categories unlocked
opened-unlock-region = Protected categories unlocked for { $name }
opened-until = until { $time }
opened-left =
    { $n ->
        [one] less than a minute left
       *[other] { $n } minutes left
    }
opened-over = time is over: load the page again
opened-extend = More time is needed
opened-close = End now
role-dpo = Data protection officer

# Catalogue of the API
api-title = API catalogue
api-text = What other programs may call, besides FHIR. Every call passes the same checks as the pages, and is recorded.
api-download = Download the OpenAPI 3.1 document
api-fhir = Description of the FHIR API
api-parts = Parts of the program
api-parameters = Parameters
api-required = required
api-body = Body of the request (JSON)
api-answer = Answer (JSON)
api-who = Who may call it:
