package rules

// PESEL tells whether eleven digits are a Polish personal number: date and check digit fit.
func PESEL(digits string) bool { return len(digits) == 11 && pesel(digits) }

// IBAN tells whether capital letters and digits without spaces are an account number: the check digits fit.
func IBAN(s string) bool { return iban(s) }
