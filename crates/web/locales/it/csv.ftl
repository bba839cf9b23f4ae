csv-empty = Il file è vuoto: la prima riga ha i nomi delle colonne, le altre i dati.
csv-rows = Il file ha più di { $max } righe: dividilo.
csv-columns = La riga { $line } ha troppe colonne.
csv-cell = Alla riga { $line } un testo è troppo lungo: manca una virgoletta?
csv-quote = La virgoletta aperta alla riga { $line } non è chiusa.
csv-unread = Il file non è arrivato: sceglilo di nuovo.
