package browser

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/user"
)

// Who may come besides the holders of a permission.
const (
	anyone access.Perm = "-anyone" // no sign-in
	signed access.Perm = "-signed" // everybody with an account, about themselves
)

// route is what one pattern expects. Braces in path and body name things of the firm.
type route struct {
	pattern string
	may     access.Perm
	path    string // with a query, when the pattern's own names do not say it all
	body    string
	also    access.Perm // needed besides
	empty   bool        // for those who may, the thing can be gone or nobody's: 404 is an answer
}

// upload is a form with a file.
const upload = "--x\r\nContent-Disposition: form-data; name=\"firm\"\r\n\r\n{firm}\r\n--x\r\n" +
	"Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid,text\n1,ok\n\r\n--x--\r\n"

// hand is a form with a file that a person hands in.
const hand = "--x\r\nContent-Disposition: form-data; name=\"firm\"\r\n\r\n{firm}\r\n--x\r\n" +
	"Content-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\nok\r\n--x--\r\n"

// shared is what a telephone sends: it names no firm.
const shared = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhttps://opinie.example/2\r\n--x--\r\n"

// table lists every route of the product and who may use it.
var table = []route{
	{pattern: "/", may: signed, path: "/no-such-page", empty: true},
	{pattern: "GET /{$}", may: signed, path: "/"},
	{pattern: "GET /healthz", may: anyone}, {pattern: "GET /readyz", may: anyone},
	{pattern: "GET /static/", may: anyone, path: "/static/nothing.css", empty: true},
	{pattern: "POST /prefs", may: anyone}, {pattern: "GET /live", may: signed},
	{pattern: "GET /signin", may: anyone}, {pattern: "POST /signin", may: anyone}, {pattern: "GET /signin/code", may: anyone}, {pattern: "POST /signin/code", may: anyone},
	{pattern: "GET /signin/passkey.js", may: anyone}, {pattern: "POST /signin/passkey", may: anyone}, {pattern: "POST /signin/passkey/answer", may: anyone},
	{pattern: "POST /signout", may: anyone, path: "/signout"},
	{pattern: "GET /forgot", may: anyone}, {pattern: "POST /forgot", may: anyone},
	{pattern: "GET /reset/{token}", may: anyone, empty: true}, {pattern: "POST /reset/{token}", may: anyone, empty: true},
	{pattern: "GET /first/{token}", may: anyone, empty: true}, {pattern: "POST /first/{token}", may: anyone, empty: true},
	{pattern: "GET /invitation/{token}", may: anyone, empty: true}, {pattern: "POST /invitation/{token}", may: anyone, empty: true},
	{pattern: "POST /invitation/{token}/join", may: anyone, empty: true},
	{pattern: "GET /ack/{token}", may: anyone, empty: true}, {pattern: "POST /ack/{token}", may: anyone, empty: true},
	{pattern: "POST /hooks/{source}", may: anyone, empty: true},

	{pattern: "GET /consent/{token}", may: anyone, empty: true}, {pattern: "POST /consent/{token}", may: anyone, body: "answer=yes", empty: true},
	{pattern: "GET /owner", may: access.ViewCases, path: "/owner?firm={firm}"},
	{pattern: "GET /owner/ledger", may: access.ViewCases, path: "/owner/ledger?firm={firm}&size=1"},
	{pattern: "GET /dossiers", may: access.ViewEvidence}, {pattern: "GET /dossiers/new", may: access.ViewEvidence, path: "/dossiers/new?firm={firm}"},
	{pattern: "POST /dossiers", may: access.ViewEvidence, body: "firm={firm}&exhibit={exhibit}&recipient=Anna+Nowak&why=pozew&operator=Ewa&for_authors=brak"},
	{pattern: "GET /dossiers/{id}", may: access.ViewEvidence, path: "/dossiers/{dossier}"},
	{pattern: "POST /dossiers/{id}/file", may: access.ViewEvidence, path: "/dossiers/{dossier}/file", body: "why=dla+prawnika"},
	{pattern: "GET /dossiers/{id}/file", may: signed, path: "/dossiers/{dossier}/file"}, // leads to the package, tells nothing
	{pattern: "POST /dossiers/{id}/removal", may: access.ViewEvidence, path: "/dossiers/{dossier}/removal", body: "why=zbedny"},
	{pattern: "POST /exhibits/verify", may: access.ViewEvidence}, {pattern: "GET /exhibits/verify", may: signed}, // leads to the list
	{pattern: "GET /retention", may: access.ViewEvidence, path: "/retention?firm={firm}"},
	{pattern: "POST /retention/rules", may: access.ManageFirm, also: access.Preserve, body: "firm={firm}&kind=closed&days=400&why=tak"},
	{pattern: "POST /retention/erase", may: access.ManageFirm, also: access.Preserve, body: "firm={firm}&why=tak"},
	{pattern: "POST /retention/holds/{id}", may: access.Preserve, path: "/retention/holds/{exhibit}", body: "firm={firm}&why=tak", empty: true},
	{pattern: "POST /owner/answers/{id}", may: access.Answer, body: "firm={firm}&answer=yes", empty: true},
	{pattern: "POST /owner/calls", may: access.CallGuardian, body: "firm={firm}&words=pomocy"},
	{pattern: "POST /owner/drafts", may: access.CallGuardian, body: "firm={firm}&text=Nowa+kolekcja"},
	{pattern: "POST /owner/drafts/{id}/review", may: access.WorkCases, body: "firm={firm}&fine=yes", empty: true},

	{pattern: "GET /watch", may: access.ViewDuty},
	{pattern: "GET /duty", may: signed}, // one's own contacts; duty of the firms in which one may see it
	{pattern: "POST /duty/shift", may: access.ManageDuty, body: "firm={firm}"},
	{pattern: "POST /duty/shift/remove", may: access.ManageDuty, body: "firm={firm}&id={shift}", empty: true},
	{pattern: "POST /duty/rota", may: access.ManageDuty, body: "firm={firm}"}, {pattern: "POST /duty/policy", may: access.ManageDuty, body: "firm={firm}&default=1"},
	{pattern: "POST /duty/note", may: access.ManageDuty, body: "firm={firm}&note=nic"},
	{pattern: "POST /duty/contact", may: signed}, {pattern: "POST /duty/contact/code", may: signed, empty: true},
	{pattern: "POST /duty/contact/verify", may: signed, empty: true}, {pattern: "POST /duty/contact/switch", may: signed, empty: true},
	{pattern: "POST /duty/contact/remove", may: signed, empty: true},

	{pattern: "GET /inbox", may: access.ViewMentions, path: "/inbox?m={m}"}, {pattern: "GET /inbox/inbox.js", may: signed},
	{pattern: "POST /inbox/{m}/macro", may: access.Decide, body: "macro=nobody&version=1", empty: true},
	{pattern: "GET /waves", may: access.ViewMentions}, {pattern: "GET /waves/new", may: access.ViewMentions, path: "/waves/new?pick={m}"},
	{pattern: "POST /waves", may: access.Decide, also: access.ViewMentions, body: "pick={m}&option=seal"},
	{pattern: "GET /waves/{id}", may: access.ViewMentions, path: "/waves/{wave}"}, {pattern: "GET /waves/{id}/export", may: access.ExportData, also: access.ViewMentions, path: "/waves/{wave}/export"},
	{pattern: "POST /waves/{id}/start", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/start", body: "why=bo+tak+ustalono"},
	{pattern: "POST /waves/{id}/hold", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/hold"},
	{pattern: "POST /waves/{id}/resume", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/resume"},
	{pattern: "POST /waves/{id}/cancel", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/cancel"},
	{pattern: "POST /waves/{id}/drop", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/drop"},
	{pattern: "POST /waves/{id}/return", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/return", body: "why=pomy%C5%82ka"},
	{pattern: "POST /waves/{id}/answer", may: access.SecondPerson, also: access.ViewMentions, path: "/waves/{wave}/answer", body: "say=yes&pick={m}&why=zgoda"},
	{pattern: "POST /waves/{id}/again", may: access.Decide, also: access.ViewMentions, path: "/waves/{wave}/again"},
	{pattern: "GET /macros", may: access.ViewMentions, path: "/macros?firm={firm}"}, {pattern: "GET /macros/new", may: access.Decide, path: "/macros/new?firm={firm}"},
	{pattern: "GET /macros/{id}", may: access.ViewMentions, path: "/macros/{macro}?firm={firm}"},
	{pattern: "POST /macros", may: access.Decide, body: "firm={firm}&name=x&option=hide&why=bo+tak"},
	{pattern: "POST /macros/{id}", may: access.Decide, path: "/macros/{macro}", body: "firm={firm}&base=1&name=x&option=hide"},
	{pattern: "POST /macros/{id}/on", may: access.Decide, path: "/macros/{macro}/on", body: "firm={firm}"},
	{pattern: "POST /macros/{id}/off", may: access.Decide, path: "/macros/{macro}/off", body: "firm={firm}"},
	{pattern: "POST /inbox/views", may: access.ViewMentions}, {pattern: "POST /inbox/views/{id}/removal", may: access.ViewMentions, path: "/inbox/views/{view}/removal", empty: true},
	{pattern: "GET /inbox/{m}", may: access.ViewMentions}, {pattern: "GET /inbox/{m}/{deed}", may: access.ViewMentions},
	{pattern: "POST /inbox/{m}/decision", may: access.Decide, body: "option=hide"}, {pattern: "POST /inbox/{m}/fact", may: access.Decide, body: "field=truth&value=false"},
	{pattern: "POST /inbox/{m}/label", may: access.LabelMentions, body: "label=threat&severity=3&why=bo+tak"}, {pattern: "POST /inbox/{m}/seal", may: access.Preserve, also: access.ViewMentions},
	{pattern: "POST /decisions/{id}/confirmation", may: access.SecondPerson, path: "/decisions/{waiting}/confirmation?firm={firm}&m={m}", body: "why=zgoda"},
	{pattern: "POST /decisions/{id}/refusal", may: access.SecondPerson, path: "/decisions/{waiting}/refusal?firm={firm}&m={m}", body: "why=niezgoda"},
	{pattern: "POST /decisions/{id}/withdrawal", may: access.Decide, path: "/decisions/{waiting}/withdrawal?firm={firm}&m={m}", body: "why=pomyłka", empty: true},
	{pattern: "POST /decisions/{id}/outcome", may: access.Decide, path: "/decisions/{hidden}/outcome?firm={firm}&m={m}", body: "verdict=calm&why=tak+było"},
	{pattern: "POST /decisions/{id}/undo", may: access.Decide, path: "/decisions/{hidden}/undo?firm={firm}&m={m}"},
	{pattern: "POST /deeds/{id}/undo", may: access.Decide, path: "/deeds/{deed}/undo?firm={firm}&m={m}"},
	{pattern: "POST /deeds/{id}/completion", may: access.Decide, path: "/deeds/{deed}/completion?firm={firm}&m={m}", body: "why=zrobione"},
	{pattern: "POST /deeds/{id}/withdrawal", may: access.Decide, path: "/deeds/{deed}/withdrawal?firm={firm}&m={m}", body: "why=niepotrzebne"},
	{pattern: "POST /inbox/{m}/label/confirmation", may: access.LabelMentions}, {pattern: "POST /inbox/{m}/label/undo", may: access.LabelMentions, empty: true},
	{pattern: "GET /labels", may: access.ViewMentions, path: "/labels?firm={firm}"}, {pattern: "GET /labels/labels.js", may: signed},
	{pattern: "GET /replies", may: access.ViewMentions, path: "/replies?firm={firm}"}, {pattern: "GET /replies/{id}", may: access.ViewMentions, path: "/replies/none?firm={firm}", empty: true},
	{pattern: "POST /replies", may: access.Decide, body: "firm={firm}&name=x&variants=x"}, {pattern: "POST /replies/{id}", may: access.Decide, path: "/replies/none", body: "firm={firm}&name=x&variants=x", empty: true},
	{pattern: "POST /replies/{id}/removal", may: access.Decide, path: "/replies/none/removal", body: "firm={firm}", empty: true},
	{pattern: "POST /replies/facts", may: access.Decide, body: "firm={firm}&key=godziny&text=9-17"},
	{pattern: "POST /replies/facts/{key}/removal", may: access.Decide, path: "/replies/facts/none/removal", body: "firm={firm}", empty: true},
	{pattern: "POST /inbox/{m}/check", may: access.Decide, body: "text=Odpiszemy"}, {pattern: "POST /inbox/{m}/draft", may: access.Decide, body: "text="},
	{pattern: "GET /rules", may: access.ViewMentions, path: "/rules?firm={firm}"}, {pattern: "GET /rules/new", may: access.LabelMentions, path: "/rules/new?firm={firm}"},
	{pattern: "GET /rules/{id}", may: access.ViewMentions, path: "/rules/{rule}?firm={firm}"}, {pattern: "POST /rules", may: access.LabelMentions, body: "firm={firm}&name=x&words=x&does=raise:1"},
	{pattern: "POST /rules/{id}/versions", may: access.LabelMentions, path: "/rules/{rule}/versions", body: "firm={firm}&base=1&name=x&words=y&does=raise:1"},
	{pattern: "POST /rules/{id}/trial", may: access.LabelMentions, path: "/rules/{rule}/trial", body: "firm={firm}&version=1"},
	{pattern: "POST /rules/{id}/live", may: access.LabelMentions, path: "/rules/{rule}/live", body: "firm={firm}&version=1&why=bo+tak"},
	{pattern: "POST /rules/{id}/off", may: access.LabelMentions, path: "/rules/{rule}/off", body: "firm={firm}"},
	{pattern: "POST /labels/models", may: access.LabelMentions, body: "firm={firm}"},
	{pattern: "POST /labels/models/{version}/live", may: access.LabelMentions, path: "/labels/models/1/live", body: "firm={firm}&why=tak+trzeba", empty: true},
	{pattern: "POST /labels/models/{version}/off", may: access.LabelMentions, path: "/labels/models/1/off", body: "firm={firm}&why=tak+trzeba", empty: true},
	{pattern: "POST /labels/judgements/{id}/withdrawal", may: access.LabelMentions, body: "firm={firm}&why=tak+trzeba", empty: true},
	{pattern: "POST /labels/samples", may: access.LabelMentions, body: "firm={firm}"},
	{pattern: "GET /labels/samples/{id}", may: access.LabelMentions, path: "/labels/samples/nobody?firm={firm}", empty: true},
	{pattern: "POST /labels/samples/{id}", may: access.LabelMentions, path: "/labels/samples/nobody", body: "firm={firm}", empty: true},
	{pattern: "GET /pulse", may: access.ViewCases, path: "/pulse?firm={firm}"}, {pattern: "POST /pulse/ambush", may: access.ManageFirm, also: access.ViewCases, body: "firm={firm}&accounts=2&within=30&counts=linked&why=tak+trzeba"},
	{pattern: "GET /calibration", may: access.ViewMentions, path: "/calibration?firm={firm}"}, {pattern: "GET /calibration/proposal", may: access.ManageFirm, also: access.ViewMentions, path: "/calibration/proposal?firm={firm}"},
	{pattern: "POST /calibration/tunings", may: access.ManageFirm, also: access.ViewMentions, body: "firm={firm}&shown=x&why=tak+trzeba"},
	{pattern: "POST /calibration/tunings/withdrawal", may: access.ManageFirm, also: access.ViewMentions, body: "firm={firm}&why=tak+trzeba"},
	{pattern: "GET /engines", may: access.ManageFirm, path: "/engines?firm={firm}"}, {pattern: "POST /engines", may: access.ManageFirm, body: "firm={firm}"},
	{pattern: "POST /engines/off", may: access.ManageFirm, body: "firm={firm}&why=tak+trzeba"}, {pattern: "POST /engines/try", may: access.ManageFirm, body: "firm={firm}&text=x"},
	{pattern: "GET /search", may: access.ViewMentions, path: "/search?q=magazyn"}, {pattern: "GET /search/export", may: access.ExportData, path: "/search/export?q=magazyn&format=csv"},

	{pattern: "GET /cases", may: access.ViewCases}, {pattern: "POST /cases", may: access.WorkCases, body: "firm={firm}&title=Telefon"},
	{pattern: "GET /cases/{id}", may: access.ViewCases, path: "/cases/{case}"},
	{pattern: "GET /cases/tasks", may: access.WorkCases},
	{pattern: "GET /cases/{id}/timeline.csv", may: access.ExportData, path: "/cases/{case}/timeline.csv"},
	{pattern: "GET /cases/{id}/timeline.json", may: access.ExportData, path: "/cases/{case}/timeline.json"},
	{pattern: "POST /cases/{id}/tasks/{task}/{verb}", may: access.WorkCases, path: "/cases/{case}/tasks/nothing/take", empty: true},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/note", body: "note=zapis"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/task", body: "note=zadanie"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/told", body: "how=call&note=wie+wszystko"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/hand", body: "going=fala&todo=czekamy"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/watch"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/accept"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/weigh", body: "severity=3&why=tak+trzeba"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/link", body: "item={m}"},
	{pattern: "POST /cases/{id}/{verb}", may: access.WorkCases, path: "/cases/{case}/close", body: "resolution=handed_over&why=tak+trzeba"},
	{pattern: "GET /authors", may: access.ViewProfiles, path: "/authors?firm={firm}&by=items"}, {pattern: "GET /authors/{key}", may: access.ViewProfiles, path: "/authors/{account}?firm={firm}"},
	{pattern: "GET /authors/{key}/rating", may: access.WorkProfiles, path: "/authors/{account}/rating?firm={firm}&profile=none", empty: true},
	{pattern: "POST /authors/{key}/rating", may: access.WorkProfiles, path: "/authors/{account}/rating?firm={firm}", body: "profile=none", empty: true},
	{pattern: "GET /authors/{key}/look", may: access.Answer, path: "/authors/{account}/look?firm={firm}", empty: true},
	{pattern: "POST /authors/{key}/look", may: access.Answer, path: "/authors/{account}/look?firm={firm}", body: "why=nie+ma+zgłoszenia", empty: true},
	{pattern: "POST /authors/{key}/legal", may: access.LegalProfiles, path: "/authors/{account}/legal?firm={firm}", body: "legal=none&why=nie+ma+podstaw", empty: true},
	{pattern: "GET /authors/{key}/extract", may: access.WorkProfiles, path: "/authors/{account}/extract?firm={firm}"}, {pattern: "GET /authors/{key}/package", may: access.LegalProfiles, path: "/authors/{account}/package?firm={firm}"},
	{pattern: "POST /authors/{key}/{verb}", may: access.WorkProfiles, path: "/authors/{account}/draft?firm={firm}"},
	{pattern: "POST /authors/{key}/{verb}", may: access.WorkProfiles, path: "/authors/{account}/tell?firm={firm}", body: "field=followers&value=12&source=profil+konta&seen=2024-01-01"},
	{pattern: "POST /authors/{key}/{verb}", may: access.WorkProfiles, path: "/authors/{account}/contest?firm={firm}", body: "said=to+nie+moje+konto"},
	{pattern: "POST /authors/{key}/{verb}", may: access.WorkProfiles, path: "/authors/{account}/erase?firm={firm}", body: "why=list+od+osoby"},
	// Groups: guardian and owner see all, a lawyer what was handed to a case; nobody else may look at exhibits either.
	{pattern: "GET /groups", may: access.ViewEvidence, path: "/groups?firm={firm}"}, {pattern: "GET /groups/{id}", may: access.ViewEvidence, path: "/groups/{group}?firm={firm}", empty: true},
	{pattern: "POST /groups/{id}/list", may: access.ExportData, also: access.ViewGroups, path: "/groups/{group}/list?firm={firm}", body: "what=links&why=dla+platformy"},
	{pattern: "POST /groups/{id}/appeal", may: access.WorkGroups, path: "/groups/{group}/appeal?firm={firm}", body: "account={member}&why=list+od+osoby", empty: true},
	{pattern: "POST /groups/{id}/again", may: access.ViewEvidence, path: "/groups/{group}/again?firm={firm}", body: "n=1", empty: true},
	{pattern: "POST /groups/unknow", may: access.WorkGroups, path: "/groups/unknow?firm={firm}", body: "account=wordpress:nikt&why=to+nie+klient", empty: true},
	{pattern: "POST /groups/{id}/{verb}", may: access.WorkGroups, path: "/groups/{group}/decide?firm={firm}", body: "account=nobody&state=out&revision=1&why=to+nie+to+konto", empty: true},
	{pattern: "POST /groups/{id}/{verb}", may: access.WorkGroups, path: "/groups/{group}/know?firm={firm}", body: "account=wordpress:konto8&kind=customer&why=zam%C3%B3wienie+w+sklepie"},
	{pattern: "POST /groups/{id}/{verb}", may: access.WorkGroups, path: "/groups/{group}/confirm?firm={firm}", body: "revision=2&why=sprawdzone+posty"},
	{pattern: "POST /alerts/{id}/acknowledgement", may: access.Acknowledge, path: "/alerts/{alert}/acknowledgement"},

	{pattern: "GET /captures", may: access.Preserve}, {pattern: "GET /captures/share", may: access.Preserve},
	{pattern: "POST /captures/pages", may: access.Preserve, body: "firm={firm}&url=https://opinie.example/1&why=bo+tak"},
	{pattern: "POST /captures/files", may: access.Preserve, body: hand}, {pattern: "POST /captures/share", may: access.Preserve, body: shared},
	{pattern: "POST /captures/{id}/retry", may: access.Preserve, path: "/captures/none/retry", body: "firm={firm}", empty: true},
	{pattern: "POST /captures/setting", may: access.ManageFirm, body: "firm={firm}&serious=on"},
	{pattern: "GET /exhibits", may: access.ViewEvidence}, {pattern: "GET /exhibits/{id}", may: access.ViewEvidence, path: "/exhibits/{exhibit}"},
	{pattern: "POST /exhibits/{id}/verify", may: access.ViewEvidence, path: "/exhibits/{exhibit}/verify"},
	{pattern: "POST /exhibits/{id}/stamp", may: access.Preserve, also: access.ViewEvidence, path: "/exhibits/{exhibit}/stamp"},
	{pattern: "GET /exhibits/{id}/verify", may: signed, path: "/exhibits/{exhibit}/verify"}, // leads to the exhibit, tells nothing
	{pattern: "GET /exhibits/{id}/zip", may: access.ViewEvidence, path: "/exhibits/{exhibit}/zip"},
	{pattern: "GET /exhibits/{id}/files/{name}", may: access.ViewEvidence, path: "/exhibits/{exhibit}/files/{file}"},

	{pattern: "GET /sources", may: access.ViewSources}, {pattern: "GET /sources/new", may: access.ManageSources}, {pattern: "GET /sources/new/{kind}", may: access.ManageSources},
	{pattern: "POST /sources/new/{kind}", may: access.ManageSources, body: "firm={firm}&url=x"},
	{pattern: "GET /sources/{id}", may: access.ViewSources, path: "/sources/{source}"},
	{pattern: "POST /sources/{id}", may: access.ManageSources, path: "/sources/{source}", body: "do=look"},
	{pattern: "POST /sources/{id}", may: access.ManageSources, path: "/sources/{source}", body: "do=pause&why=przerwa"},
	{pattern: "POST /sources/{id}", may: access.ManageSources, path: "/sources/{source}", body: "do=resume&why=koniec"},
	{pattern: "GET /sources/connected/{id}", may: access.ManageSources, path: "/sources/connected/{source}"},
	{pattern: "GET /sources/import", may: access.ManageSources}, {pattern: "POST /sources/import", may: access.ManageSources, body: upload},
	{pattern: "GET /sources/import/{id}", may: access.ManageSources, path: "/sources/import/{run}"},
	{pattern: "POST /sources/import/{id}", may: access.ManageSources, path: "/sources/import/{run}"},
	{pattern: "GET /sources/import/{id}/problems.csv", may: access.ManageSources, path: "/sources/import/{run}/problems.csv"},
	{pattern: "POST /sources/import/{id}/stop", may: access.ManageSources, path: "/sources/import/{run}/stop"},

	{pattern: "GET /firms", may: access.ViewFirm}, {pattern: "POST /firms", may: access.Install},
	{pattern: "GET /firms/{id}", may: access.ViewFirm, path: "/firms/{firm}"}, {pattern: "POST /firms/{id}", may: access.ManageFirm, path: "/firms/{firm}", body: "why=zmiana"},
	{pattern: "POST /firms/{id}/archive", may: access.Install, path: "/firms/{firm}/archive"},
	{pattern: "GET /journal", may: access.ViewJournal}, {pattern: "POST /journal", may: access.ViewJournal},
	{pattern: "GET /journal/installation", may: access.Install}, {pattern: "POST /journal/installation", may: access.Install},

	{pattern: "GET /people", may: access.ViewPeople, path: "/people?firm={firm}"},
	{pattern: "POST /people/invite", may: access.ManagePeople, body: "firm={firm}"},
	{pattern: "POST /people/withdraw", may: access.ManagePeople, body: "firm={firm}&id={offer}", empty: true},
	{pattern: "POST /people/role", may: access.ManagePeople, body: "firm={firm}&user={person}&role=staff"},
	{pattern: "POST /people/remove", may: access.ManagePeople, body: "firm={firm}&user={person}"},
	{pattern: "POST /people/admin", may: access.Install, body: "user={person}&admin=yes"}, {pattern: "POST /people/close", may: access.Install, body: "user={person}&closed=yes"},
	{pattern: "POST /people/rescue", may: access.Install, body: "user={person}"}, {pattern: "POST /people/firms", may: access.Install},

	{pattern: "GET /me", may: signed}, {pattern: "POST /me", may: signed}, {pattern: "POST /me/password", may: signed},
	{pattern: "POST /me/app", may: signed}, {pattern: "POST /me/app/confirm", may: signed}, {pattern: "POST /me/app/remove", may: signed},
	{pattern: "POST /me/codes", may: signed}, {pattern: "POST /me/sessions/{id}/end", may: signed, empty: true},
	{pattern: "POST /me/passkeys/begin", may: signed}, {pattern: "POST /me/passkeys", may: signed}, {pattern: "POST /me/passkeys/{id}/remove", may: signed, empty: true},
}

// demoOnly exist in a demonstration and nowhere else.
var demoOnly = []string{"GET /demo/{who}"}

func TestEveryRouteStandsInTheTable(t *testing.T) {
	registered := patterns(t)
	if len(registered) < 80 {
		t.Fatalf("only %d routes found: the search is broken", len(registered))
	}
	for _, p := range registered {
		if !slices.Contains(demoOnly, p) && !slices.ContainsFunc(table, func(r route) bool { return r.pattern == p }) {
			t.Errorf("%s has no line in the table: say who may use it", p)
		}
	}
	for _, r := range table {
		if !slices.Contains(registered, r.pattern) {
			t.Errorf("%s stands in the table but is not registered any more", r.pattern)
		}
	}
}

// caller is somebody at the door.
type caller struct {
	name  string
	role  access.Role // in the own firm, "" for none
	admin bool
	token string // "" for a visitor
}

func (c caller) holds(r route) bool { return c.has(r.may) && (r.also == "" || c.has(r.also)) }

func (c caller) has(p access.Perm) bool {
	switch p {
	case anyone:
		return true
	case signed:
		return c.token != ""
	}
	return c.admin && access.AdminAllows(p) || c.role != "" && access.Allows(c.role, p)
}

func (w *world) callers() (list []caller) {
	enter := func(p user.Person) string {
		o, err := w.app.Users.SignIn(w.t.Context(), p.Email, password, user.Device{Addr: "203.0.113.1", Agent: "test"})
		w.ok(err)
		return o.Token
	}
	for _, r := range access.Roles {
		list = append(list, caller{name: string(r), role: r, token: enter(w.firms[0].people[r])})
	}
	return append(list, caller{name: "administrator", admin: true, token: enter(w.admin)}, caller{name: "nobody", token: enter(w.loner)}, caller{name: "visitor"})
}

// fill puts the things of a firm into a path or body.
func (w *world) fill(g *guarded, s string) string {
	w.t.Helper()
	return strings.NewReplacer("{firm}", g.firm.ID, "{account}", url.PathEscape(g.hate.AuthorKey), "{m}", g.hate.ID, "{case}", g.room.ID, "{exhibit}", g.exhibit.ID, "{dossier}", g.dossier.ID, "{source}", g.source.ID,
		"{alert}", string(g.alarm.ID), "{waiting}", g.waiting.ID, "{hidden}", g.hidden.ID, "{run}", g.run.ID, "{view}", g.view.ID, "{offer}", g.offer.ID,
		"{group}", g.group, "{member}", url.QueryEscape(g.hate.AuthorKey), "{rule}", g.rule.ID, "{wave}", g.wave.ID, "{macro}", g.macro.ID, "{deed}", g.deed, "{shift}", g.shift.ID, "{person}", g.second.ID, "{file}", g.exhibit.Files[0].Name, "{kind}", "wordpress",
		"{token}", "no-such-token", "{id}", "no-such-id").Replace(s)
}

var walked int

// ask sends one request, each from an address of its own, and gives the status (401 for being sent to sign in) and the page.
func (w *world) ask(c caller, g *guarded, r route) (status int, page string) {
	w.t.Helper()
	method, path, one := strings.Cut(r.pattern, " ")
	if !one {
		method, path = http.MethodGet, r.pattern
	}
	if r.path != "" {
		path = r.path
	}
	path = strings.ReplaceAll(path, "/{deed}", "/hide") // in the inbox's addresses, where it is an option
	if strings.HasPrefix(r.path, "/deeds/") {
		path = r.path
	}
	ctx, stop := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, method, w.app.Origin()+w.fill(g, path), strings.NewReader(w.fill(g, r.body)))
	w.ok(err)
	walked++
	q.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", walked/250, walked%250))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(r.body, "--x") {
		q.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	}
	if c.token != "" {
		q.AddCookie(&http.Cookie{Name: "chop", Value: c.token})
	}
	a, err := http.DefaultTransport.RoundTrip(q)
	w.ok(err)
	defer a.Body.Close()
	if strings.HasPrefix(a.Header.Get("Location"), "/signin") && path != "/signout" {
		return http.StatusUnauthorized, ""
	}
	if r.pattern != "GET /live" { // which never ends
		raw, err := io.ReadAll(a.Body)
		w.ok(err)
		page = string(raw)
	}
	return a.StatusCode, page
}

// Every route, for everybody, with things of the own firm and of another: what the table of access says, and of the
// other firm not even that it exists.
func TestNobodyGetsFurtherThanTheTableSays(t *testing.T) {
	w := build(t)
	own, other := w.firms[0], w.firms[1]
	everybody := w.callers()
	for _, r := range table {
		if r.pattern == "POST /signout" {
			continue
		}
		for _, c := range everybody {
			w.stranger(c, other, r)
			if !c.holds(r) {
				w.refused(c, own, r)
			}
		}
	}
	w.nothingHappened(other)
	for _, r := range table {
		for _, c := range everybody {
			if c.holds(r) && (r.pattern != "POST /signout" || c.token == "") {
				w.admitted(c, own, r)
			}
		}
	}
}

func (r route) String() string { return strings.TrimSpace(r.pattern + " " + r.path + " " + r.body) }

// aboutFirm tells whether the request names a thing of the firm.
func (r route) aboutFirm() bool {
	s := r.path + r.body
	if r.path == "" {
		s += r.pattern
	}
	for _, n := range []string{"{token}", "{id}", "{kind}", "{$}"} {
		s = strings.ReplaceAll(s, n, "")
	}
	return strings.Contains(s, "{")
}

// broken tells a fault of the program from something it says it cannot do here.
func broken(status int) bool { return status >= 500 && status != http.StatusServiceUnavailable }

// stranger asks with things of a firm that is not the caller's.
func (w *world) stranger(c caller, g *guarded, r route) {
	w.t.Helper()
	status, page := w.ask(c, g, r)
	if broken(status) {
		w.t.Errorf("%s, %s with things of another firm: %d", r, c.name, status)
	}
	if c.admin && c.holds(r) {
		return
	}
	if strings.Contains(page, "Rogalow") || !c.admin && strings.Contains(page, g.firm.Name) { // administrators know which firms there are
		w.t.Errorf("%s: %s reads about the other firm", r, c.name)
	}
	if r.may == anyone || r.may == signed || !r.aboutFirm() {
		return
	}
	switch {
	case c.token == "" && status != http.StatusUnauthorized:
		w.t.Errorf("%s, visitor with things of another firm: %d, want to be sent to sign in", r, status)
	case c.token != "" && c.holds(r) && status != http.StatusNotFound && !strings.HasPrefix(r.path, "/people?"): // which shows the own firm instead
		w.t.Errorf("%s, %s with things of another firm: %d, want 404", r, c.name, status)
	case c.token != "" && !c.holds(r) && status != http.StatusNotFound && status != http.StatusForbidden:
		w.t.Errorf("%s, %s with things of another firm: %d, want 404 or 403", r, c.name, status)
	}
}

// refused asks for what the caller's role may not have.
func (w *world) refused(c caller, g *guarded, r route) {
	w.t.Helper()
	status, _ := w.ask(c, g, r)
	if c.token == "" && status != http.StatusUnauthorized || c.token != "" && status != http.StatusForbidden && status != http.StatusNotFound {
		w.t.Errorf("%s, %s: %d, want to be refused", r, c.name, status)
	}
}

// admitted asks for what the caller's role may have; what was sent may be wrong or too late, but not forbidden.
func (w *world) admitted(c caller, g *guarded, r route) {
	w.t.Helper()
	status, _ := w.ask(c, g, r)
	bad := broken(status) || status == http.StatusForbidden && r.may != anyone || status == http.StatusUnauthorized && r.may != anyone ||
		status == http.StatusNotFound && !r.empty || status == http.StatusMethodNotAllowed || status == http.StatusTooManyRequests && r.may != signed && r.may != anyone // guessing passwords is slowed down
	if bad {
		w.t.Errorf("%s, %s: %d, want to be let in", r, c.name, status)
	}
}

// nothingHappened checks that no stranger left a trace in the firm.
func (w *world) nothingHappened(g *guarded) {
	w.t.Helper()
	for _, p := range append([]user.Person{w.loner}, w.firms[0].second, w.firms[0].people[access.Guardian], w.firms[0].people[access.Owner],
		w.firms[0].people[access.Staff], w.firms[0].people[access.Lawyer]) {
		var n int
		w.ok(w.app.DB.Read(w.system(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT count(*) FROM journal WHERE firm_id = $1 AND by_id = $2`, []any{g.firm.ID, p.ID}, &n)
			return err
		}))
		if n != 0 {
			w.t.Errorf("%s did %d things in a firm that is not theirs", p.Name, n)
		}
	}
}
