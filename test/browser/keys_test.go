package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"chop/internal/access"
	"chop/internal/decision"
	"chop/internal/mention"
)

// The inbox by keyboard alone: the keys do what the help says.
func TestTheInboxByKeyboard(t *testing.T) {
	w := build(t)
	g := w.firms[0]
	ewa := w.as(g, access.Guardian)
	b := Open(t)
	b.Size(1440, 900)
	b.SignIn(w.app.Origin(), g.people[access.Guardian].Email, password)
	b.Go(w.app.Origin() + "/inbox")
	rows := strings.Fields(b.JS(`[...document.querySelectorAll("#rows .mi")].map(e => e.dataset.id).join(" ")`))
	if len(rows) < 3 {
		t.Fatalf("only %d rows wait", len(rows))
	}
	on := func(id string) string {
		return `document.querySelector("#rows .mi[data-on]")?.dataset.id === "` + id + `" && document.querySelector("#rec-` + id + `")`
	}
	b.Until(on(rows[0]))
	b.Press("j")
	b.Until(on(rows[1]))
	b.Press("j")
	b.Until(on(rows[2]))
	b.Press("k")
	b.Until(on(rows[1]))

	b.Press("?")
	b.Until(`document.querySelector("dialog#keys[open]")`)
	b.Press("j")
	b.Press(kb.Escape)
	b.Until(`!document.querySelector("dialog[open]")`)
	b.Until(on(rows[1]))

	question := w.by(g, "Beata")
	b.Go(w.app.Origin() + "/inbox?m=" + question.ID)
	b.Press("r")
	b.Until(`document.activeElement.id === "f-text"`)
	b.Press("h") // a letter of the reply, no deed
	b.Until(`document.activeElement.value === "h"`)

	before, err := w.app.Evidence.Of(ewa, g.firm.ID, mention.Ref(question.ID))
	w.ok(err)
	b.JS(`document.activeElement.blur()`)
	b.Press("e")
	b.See(".toast")
	after, err := w.app.Evidence.Of(ewa, g.firm.ID, mention.Ref(question.ID))
	w.ok(err)
	if len(before) != 0 || len(after) != 1 {
		t.Errorf("e: %d exhibits before, %d after", len(before), len(after))
	}

	b.Go(w.app.Origin() + "/inbox?m=" + g.hate.ID)
	b.Press("h")
	b.See(".toast")
	made, err := w.app.Decisions.Of(ewa, g.firm.ID, g.hate.ID)
	w.ok(err)
	if len(made) != 1 || made[0].Option != decision.Hide {
		t.Errorf("h: %+v", made)
	}
	if said := b.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, " | "))
	}
}

// Labels are corrected with three keys, taken back with one and confirmed with one; on a phone everything is big enough
// for a thumb.
func TestLabelsByKeyAndByThumb(t *testing.T) {
	w := build(t)
	g := w.firms[0]
	b := Open(t)
	b.Size(1440, 900)
	b.SignIn(w.app.Origin(), g.people[access.Guardian].Email, password)
	b.Go(w.app.Origin() + "/inbox?m=" + g.insult.ID)
	label := func(want string) { // of the open comment, on a page whose scripts listen: taking back loads it anew
		b.Until(`document.readyState === "complete" && [...document.querySelectorAll(".cm-sel a.lb")].map(e => e.getAttribute("href") && e.querySelector("use").getAttribute("href").split("#i-")[1]).join() === "` + want + `"`)
	}
	label("angry")
	b.Until(`document.querySelector(".cm-sel mark.hl")`)
	b.Press("m")
	b.Until(`document.documentElement.dataset.marks === "off" && localStorage.chopMarks === "off"`)
	b.Go(w.app.Origin() + "/inbox?m=" + g.insult.ID)
	b.Until(`document.documentElement.dataset.marks === "off" && document.querySelector("button[data-marks]").getAttribute("aria-pressed") === "false"`)
	b.Press("m")
	b.Press("w")
	b.Until(`document.querySelector(".whyf[open] .whyp").checkVisibility()`)

	b.Press("l")
	b.Until(`document.querySelector("dialog#relabel[open]")`)
	b.Press("8")
	b.Until(`[...document.querySelectorAll("#relabel input:checked")].map(e => e.value).join() === "complaint,2,misread"`)
	b.Press("q")
	b.Until(`[...document.querySelectorAll("#relabel [name=label]:checked")].map(e => e.value).join() === "complaint,question"`)
	b.Press("q")
	b.Press(kb.Enter)
	b.See(".toast")
	label("message-square-warning")
	b.Press("z")
	label("angry")
	b.Press("a")
	b.Until(`document.querySelector(".cm-sel") && !document.querySelector(".cm-sel [data-key=a]")`)
	label("angry")

	b.Size(360, 760)
	b.Go(w.app.Origin() + "/inbox?m=" + g.insult.ID)
	b.JS(`document.querySelector("[data-ask=relabel]").click()`)
	b.Until(`document.querySelector("dialog#relabel[open]")`)
	if small := b.JS(`[...document.querySelectorAll("#relabel .pick, #relabel .btn, .labelbar .btn, .labelbar summary")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.className + e.getBoundingClientRect().height).join()`); small != "" {
		t.Errorf("too small for a thumb: %s", small)
	}
	if said := b.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, " | "))
	}
}

// What happens at the shop shows by itself, and leaves alone what the person is doing.
func TestANewCommentAppearsAndDisturbsNobody(t *testing.T) {
	w := build(t)
	g := w.firms[0]
	b := Open(t)
	b.Size(1440, 900)
	b.SignIn(w.app.Origin(), g.people[access.Guardian].Email, password)
	b.Go(w.app.Origin() + "/inbox?m=" + w.by(g, "Beata").ID)
	b.Type("#f-text", "Dzień dobry, nasza pościel")
	b.JS(`(window.same = true, document.activeElement.setSelectionRange(4, 9))`)
	g.shop.Comment(g.post, 0, "Nowy Gość", "gosc@visitor.test", "203.0.113.77", "Mozilla/5.0", "Pożałujesz, spalę ci ten sklep.")
	b.Until(`[...document.querySelectorAll("#rows .mi")].some(e => e.innerText.includes("Nowy Gość"))`)
	got := b.JS(`[window.same, document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart, document.activeElement.selectionEnd].join("|")`)
	if want := "true|f-text|Dzień dobry, nasza pościel|4|9"; got != want {
		t.Errorf("after the change: %s\nwant: %s", got, want)
	}
	if said := b.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, " | "))
	}
}
