# Testi dei moduli (schede)
form-errors-title = { $n ->
    [one] C'è un dato da correggere
   *[other] Ci sono { $n } dati da correggere
  }
form-error-required = «{ $label }»: serve una risposta.
form-error-choice = «{ $label }»: scegli una delle risposte proposte.
form-error-number = «{ $label }»: scrivi un numero, per esempio 7,4.
form-error-integer = «{ $label }»: scrivi un numero intero, senza virgola.
form-error-min = «{ $label }»: il valore più basso ammesso è { $min }{ $unit }.
form-error-max = «{ $label }»: il valore più alto ammesso è { $max }{ $unit }.
form-error-date = «{ $label }»: scrivi una data esistente, per esempio 21/11/2026.
form-error-date-min = «{ $label }»: la data non può essere prima del { $min }.
form-error-date-max = «{ $label }»: la data non può essere dopo il { $max }.
form-error-date-time = «{ $label }»: scrivi data e ora, per esempio 21/11/2026 14:30.
form-error-time = «{ $label }»: scrivi un'ora, per esempio 14:30.
form-error-length = «{ $label }»: al massimo { $max } caratteri.
form-error-url = «{ $label }»: scrivi un indirizzo che comincia con https://.
form-range = Da { $min } a { $max }.
form-range-min = Almeno { $min }.
form-range-max = Al massimo { $max }.
form-yes = Sì
form-no = No
form-not-given = Non indicato
form-choose = Scegli
form-other = Altro (specificare)
form-unit = Unità di misura di { $label }
form-only-if = Rispondi solo se { $condition }.
form-and = e
form-or = oppure
form-when-exists = a «{ $label }» hai risposto
form-when-missing = a «{ $label }» non hai risposto
form-when-equal = «{ $label }» è { $value }
form-when-not-equal = «{ $label }» non è { $value }
form-when-greater = «{ $label }» è più di { $value }
form-when-less = «{ $label }» è meno di { $value }
form-when-at-least = «{ $label }» è almeno { $value }
form-when-at-most = «{ $label }» è al massimo { $value }
