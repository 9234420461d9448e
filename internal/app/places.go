package app

import (
	"net/http"

	"chop/internal/api"
	"chop/internal/web/alerts"
	"chop/internal/web/authors"
	"chop/internal/web/calibration"
	"chop/internal/web/captures"
	"chop/internal/web/cases"
	"chop/internal/web/consent"
	"chop/internal/web/dossiers"
	"chop/internal/web/duty"
	"chop/internal/web/engines"
	"chop/internal/web/exhibits"
	"chop/internal/web/firms"
	"chop/internal/web/groups"
	"chop/internal/web/inbox"
	"chop/internal/web/journal"
	"chop/internal/web/labels"
	"chop/internal/web/macros"
	"chop/internal/web/owner"
	"chop/internal/web/people"
	webpulse "chop/internal/web/pulse"
	"chop/internal/web/replies"
	"chop/internal/web/retention"
	"chop/internal/web/rules"
	"chop/internal/web/signin"
	"chop/internal/web/sources"
	"chop/internal/web/watch"
	"chop/internal/web/waves"
)

// mountPlaces puts every place under its addresses.
func (a *App) mountPlaces(mux *http.ServeMux) {
	signin.Mount(mux, signin.Deps{Users: a.Users})
	watch.Mount(mux, watch.Deps{Firms: a.Firms, Standing: a.Standing, Mentions: a.Mentions, Cases: a.Cases, Alerts: a.Alerts, Duty: a.Duty,
		Sources: a.Sources, Groups: a.Groups})
	inbox.Mount(mux, inbox.Deps{Mentions: a.Mentions, Labels: a.Labels, Second: a.Second, Decisions: a.Decisions, Replies: a.Replies, Actions: a.Actions, Macros: a.Macros, Outcomes: a.Outcomes, Evidence: a.Evidence,
		Cases: a.Cases, Sources: a.Sources, Journal: a.Journal, Groups: a.Groups})
	waves.Mount(mux, waves.Deps{Waves: a.Waves, Macros: a.Macros, Mentions: a.Mentions, Cases: a.Cases, Evidence: a.Evidence, Journal: a.Journal,
		Filter: inbox.FilterOf})
	macros.Mount(mux, macros.Deps{Macros: a.Macros})
	cases.Mount(mux, cases.Deps{Firms: a.Firms, Cases: a.Cases, Mentions: a.Mentions, Labels: a.Labels, Evidence: a.Evidence, Sources: a.Sources, Duty: a.Duty, Groups: a.Groups})
	consent.Mount(mux, consent.Deps{Consents: a.Consents})
	owner.Mount(mux, owner.Deps{Firms: a.Firms, Standing: a.Standing, Cases: a.Cases, Consents: a.Consents, Decisions: a.Decisions, Mentions: a.Mentions,
		Duty: a.Duty, Ledger: a.Ledger, Groups: a.Groups, Beat: a.Beat})
	authors.Mount(mux, authors.Deps{Authors: a.Authors, Mentions: a.Mentions, Evidence: a.Evidence, Groups: a.Groups})
	groups.Mount(mux, groups.Deps{Groups: a.Groups, Mentions: a.Mentions, Cases: a.Cases, Evidence: a.Evidence, Journal: a.Journal, Hand: a.Triage.HandGroup})
	alerts.Mount(mux, alerts.Deps{Alerts: a.Alerts})
	duty.Mount(mux, duty.Deps{Firms: a.Firms, Duty: a.Duty, Alerts: a.Alerts})
	retention.Mount(mux, retention.Deps{Retention: a.Retention, Evidence: a.Evidence})
	captures.Mount(mux, captures.Deps{Captures: a.Captures, Cases: a.Cases, Origin: a.config.Origin})
	dossiers.Mount(mux, dossiers.Deps{Dossiers: a.Dossiers, Evidence: a.Evidence, Cases: a.Cases})
	exhibits.Mount(mux, exhibits.Deps{Evidence: a.Evidence, Dossiers: a.Dossiers})
	sources.Mount(mux, sources.Deps{Sources: a.Sources, Importer: a.Importer, Firms: a.Firms, Journal: a.Journal, Origin: a.config.Origin})
	firms.Mount(mux, firms.Deps{Firms: a.Firms})
	engines.Mount(mux, engines.Deps{Firms: a.Firms, Second: a.Second})
	labels.Mount(mux, labels.Deps{Labels: a.Labels, Memory: a.Memory, Learn: a.Learn, Mentions: a.Mentions})
	webpulse.Mount(mux, webpulse.Deps{Beat: a.Beat})
	calibration.Mount(mux, calibration.Deps{Outcomes: a.Outcomes})
	replies.Mount(mux, replies.Deps{Replies: a.Replies})
	rules.Mount(mux, rules.Deps{Rules: a.OwnRules, Mentions: a.Mentions})
	journal.Mount(mux, journal.Deps{Journal: a.Journal, Users: a.Users})
	people.Mount(mux, people.Deps{Users: a.Users, Firms: a.Firms})
	api.Mount(mux, api.Deps{DB: a.DB, Sources: a.Sources, Mentions: a.Mentions})
}
