package demo

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"sync"
	"time"
)

// Phone stands for a person's telephone: it takes what ChOP sends by the ntfy protocol and shows it.
type Phone struct {
	Whose string // as it stands on the screen

	mu    sync.Mutex
	calls []call
}

type call struct {
	At       time.Time
	Title    string `json:"title"`
	Message  string `json:"message"`
	Priority int    `json:"priority"`
	Click    string `json:"click"`
	Actions  []struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	} `json:"actions"`
}

const kept = 50

// ServeHTTP takes a publication by POST and shows the latest ones by GET.
func (p *Phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		p.take(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action *")
	_ = screen.Execute(w, map[string]any{"Whose": p.Whose, "Calls": p.calls})
}

func (p *Phone) take(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	c := call{At: time.Now()}
	if err != nil || json.Unmarshal(raw, &c) != nil {
		http.Error(w, `{"code":40001,"error":"invalid message"}`, http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append([]call{c}, p.calls...)
	p.calls = p.calls[:min(len(p.calls), kept)]
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"demo%d","event":"message"}`, len(p.calls))
}

var screen = template.Must(template.New("phone").Funcs(template.FuncMap{"clock": func(t time.Time) string { return t.Format("15:04:05") }}).Parse(`<!doctype html>
<html lang="pl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="2">
<title>{{.Whose}}</title><style>
body{margin:0;background:#10211f;color:#e8f1ef;font:16px/1.45 system-ui,sans-serif;display:grid;justify-content:center}
main{width:min(100vw,390px);padding:20px;box-sizing:border-box}h1{font-size:17px;font-weight:600}
article{background:#1d3431;border-radius:14px;padding:12px 14px;margin:10px 0}article.urgent{outline:2px solid #e2725b}
b{display:block}time{float:right;opacity:.75;font-size:13px}p{margin:6px 0;white-space:pre-line}a,button{color:#8fdccd}
button{background:none;border:1px solid #8fdccd;border-radius:8px;padding:6px 12px;font:inherit}form{display:inline}
</style></head><body><main><h1>{{.Whose}}</h1>
{{range .Calls}}<article{{if ge .Priority 5}} class="urgent"{{end}}><time>{{clock .At}}</time><b>{{.Title}}</b><p>{{.Message}}</p>
{{if .Click}}<a href="{{.Click}}">Otwórz</a> {{end}}{{range .Actions}}<form method="post" action="{{.URL}}" target="_blank"><button>{{.Label}}</button></form>{{end}}</article>
{{else}}<p>Cisza. Tu zadzwoni, gdy coś się stanie.</p>{{end}}</main></body></html>`))
