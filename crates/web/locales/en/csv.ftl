csv-empty = The file is empty: the first row names the columns, the others are data.
csv-rows = The file has more than { $max } rows: send it in parts.
csv-columns = Line { $line } has too many columns.
csv-cell = On line { $line } a text is too long: is a quote missing?
csv-quote = The quote that opens on line { $line } is not closed.
csv-unread = The file did not arrive: choose it again.
