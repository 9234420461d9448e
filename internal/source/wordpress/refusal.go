package wordpress

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"chop/internal/fault"
	"chop/internal/fetch"
)

// said reads WordPress's own error code and words; both are empty when the answer is not WordPress's.
func said(r *fetch.Response) (code, message string) {
	var e struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(bytes.TrimPrefix(r.Body, bom), &e) != nil {
		return "", ""
	}
	return clip(e.Code, 60), clip(plain(e.Message), 200)
}

var bom = []byte("\xef\xbb\xbf")

func clip(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return string(r)
}

// isPasswordCode: the codes by which versions of WordPress say that the account or its password is wrong.
func isPasswordCode(code string) bool {
	switch code {
	case "incorrect_password", "invalid_username", "invalid_email", "rest_not_logged_in", "rest_forbidden_context", "rest_forbidden_param", "rest_forbidden":
		return true
	}
	return false
}

// refusal turns an answer that is not the one we asked for into a fault with cause and cure.
func (p *place) refusal(r *fetch.Response) error {
	code, message := said(r)
	switch {
	case r.Status >= 300 && r.Status < 400:
		return fault.New(fault.Unavailable, "wordpress.redirected", "Host", p.root.host()).On("url")
	case r.Status == http.StatusUnauthorized && isPasswordCode(code):
		return fault.New(fault.Invalid, "wordpress.password").On("password")
	case r.Status == http.StatusForbidden && (code == "rest_forbidden_context" || code == "rest_forbidden_param" || code == "rest_cannot_edit"):
		return fault.New(fault.Invalid, "wordpress.no_moderate").On("user")
	case (r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden) && code == "":
		return fault.New(fault.Unavailable, "wordpress.blocked", "Host", p.root.host(), "Status", r.Status)
	case code == "rest_no_route":
		return fault.New(fault.Invalid, "wordpress.rest_off", "Host", p.root.host()).On("url")
	case code == "":
		return p.notJSON(r)
	}
	return fault.New(fault.Unavailable, "wordpress.refused", "Host", p.root.host(), "Status", r.Status, "Said", strings.TrimSpace(message+" ("+code+")"))
}

func (p *place) notJSON(r *fetch.Response) error {
	return fault.New(fault.Unavailable, "wordpress.not_json", "Host", p.root.host(), "Status", r.Status)
}
