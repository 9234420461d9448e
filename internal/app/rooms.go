package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"chop/internal/action"
	"chop/internal/alert"
	"chop/internal/author"
	"chop/internal/author/signal"
	"chop/internal/blob"
	"chop/internal/browser"
	"chop/internal/capture"
	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/remote"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/learn"
	"chop/internal/ledger"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/notify/email"
	"chop/internal/notify/ntfy"
	notifyhook "chop/internal/notify/webhook"
	"chop/internal/oncall"
	"chop/internal/outcome"
	"chop/internal/ownrule"
	"chop/internal/pulse"
	"chop/internal/reply"
	"chop/internal/retention"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/feed"
	"chop/internal/source/table"
	"chop/internal/source/webhook"
	"chop/internal/source/wordpress"
	"chop/internal/stamp"
	"chop/internal/standing"
	"chop/internal/triage"
	"chop/internal/user"
	"chop/internal/wave"
)

// Rooms is every room of one installation, wired.
type Rooms struct {
	DB        *db.DB
	Jobs      *job.Queue
	Seal      *seal.Store
	Blob      blob.Store
	Ledger    *ledger.Log
	Journal   *journal.Store
	Firms     *firm.Store
	Users     *user.Store
	Stamps    *stamp.Store
	Evidence  *evidence.Store
	Duty      *oncall.Store
	Alerts    *alert.Store
	Consents  *consent.Store
	Sources   *source.Store
	Mentions  *mention.Store
	Captures  *capture.Store
	Authors   *author.Store
	Labels    *classify.Store
	Second    *remote.Store
	Memory    *classify.Memory
	Learn     *learn.Store
	OwnRules  *ownrule.Store
	Cases     *crisis.Store
	Beat      *pulse.Store
	Groups    *group.Store
	Triage    *triage.Store
	Replies   *reply.Store
	Decisions *decision.Store
	Actions   *action.Store
	Macros    *macro.Store
	Waves     *wave.Store
	Outcomes  *outcome.Store
	Importer  *mention.Importer
	Standing  *standing.Store
	Retention *retention.Store
	Dossiers  *dossier.Store

	version  string
	fetch    *fetch.Client
	slow     *fetch.Client   // for places that think before they answer
	callers  []*fetch.Client // of the timestamp authorities, each with its own certificates
	channels map[string]notify.Channel

	alarmed   map[string]bool // firm and key of alarms about timestamps: whether this process raised or resolved it
	stuckTold time.Time       // when the guardians were last told that the queue is stuck
}

// Open wires the rooms on the database of the configuration, migrated. Close them with Rooms.Close.
func Open(ctx context.Context, c Config, version string) (r *Rooms, err error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	url := c.DB
	if url == "" {
		url = filepath.Join(c.Data, "chop.db")
	}
	r = &Rooms{version: version, alarmed: map[string]bool{}}
	if r.DB, err = db.Open(ctx, db.Config{URL: url, Now: c.Now}); err != nil {
		return nil, err
	}
	opened := r.DB // a return without rooms takes r away
	defer func() {
		if err != nil {
			_ = opened.Close()
		}
	}()
	if err = r.DB.Migrate(ctx); err != nil {
		return nil, err
	}
	if err = job.Migrate(ctx, r.DB); err != nil {
		return nil, err
	}
	if err = r.floor(ctx, c, version); err != nil {
		return nil, err
	}
	return r, r.trade(c)
}

// floor wires the rooms that know nothing of the trade, and the instruments.
func (r *Rooms) floor(ctx context.Context, c Config, version string) (err error) {
	if r.Jobs, err = job.New(r.DB, job.Config{Workers: c.Workers}); err != nil {
		return err
	}
	if r.Seal, err = seal.New(ctx, r.DB, c.Data); err != nil {
		return err
	}
	seed, err := r.Seal.Derive("ledger")
	if err != nil {
		return err
	}
	peers, err := witnesses(c.Witnesses)
	if err != nil {
		return err
	}
	if r.Ledger, err = ledger.New(r.DB, seed, filepath.Join(c.Data, "ledger"), peers...); err != nil {
		return err
	}
	if r.Blob, err = files(c); err != nil {
		return err
	}
	r.Journal = journal.New(r.DB, r.Ledger, r.Seal)
	allow, err := c.allowed()
	if err != nil {
		return err
	}
	if r.Stamps, err = r.timestamps(c, allow, version); err != nil {
		return err
	}
	r.Evidence = evidence.New(evidence.Config{DB: r.DB, Seal: r.Seal, Blob: r.Blob, Ledger: r.Ledger, Journal: r.Journal, Stamps: r.Stamps, Version: version})
	r.fetch = fetch.New(fetch.Config{Version: version, Allow: allow, PerSecond: c.PerSecond, Clock: c.Now})
	r.slow = fetch.New(fetch.Config{Version: version, Allow: allow, PerSecond: c.PerSecond, Clock: c.Now, Total: 90 * time.Second})
	if r.channels, err = channels(c, r.fetch); err != nil {
		return err
	}
	r.Firms = firm.New(r.DB, r.Journal)
	if r.Users, err = user.New(user.Config{DB: r.DB, Firms: r.Firms, Journal: r.Journal, Seal: r.Seal, Mailer: r.mailer(), Origin: c.Origin}); err != nil {
		return err
	}
	return nil
}

// channels is the list of ways to reach a person. Mail is there when a server is configured.
func channels(c Config, f *fetch.Client) (map[string]notify.Channel, error) {
	m := map[string]notify.Channel{}
	for _, ch := range []notify.Channel{ntfy.New(f), notifyhook.New(f)} {
		m[ch.Kind()] = ch
	}
	if c.SMTP.Host == "" {
		return m, nil
	}
	ch, err := email.New(email.Config{Host: c.SMTP.Host, Port: c.SMTP.Port, User: c.SMTP.User, Password: c.SMTP.Password,
		From: c.SMTP.From, TLS: c.SMTP.TLS})
	if err != nil {
		return nil, fmt.Errorf("mail settings: %w", err)
	}
	m[ch.Kind()] = ch
	return m, nil
}

// mailer sends letters with links; nil when there is no mail server.
func (r *Rooms) mailer() user.Mailer {
	ch, ok := r.channels["email"]
	if !ok {
		return nil
	}
	return func(ctx context.Context, to string, _ lang.Tag, subject, body string) error {
		_, _, err := ch.Send(ctx, notify.Message{ID: db.NewID(), To: to, Title: subject, Body: body, Urgency: 3})
		return err
	}
}

// registry lists the kinds of channels the program can watch.
func (r *Rooms) registry() source.Registry {
	reg := source.Registry{}
	for _, c := range []source.Connector{wordpress.New(r.fetch), feed.New(r.fetch), webhook.New(), table.New()} {
		reg[c.Describe().Kind] = c
	}
	return reg
}

// trade wires the rooms of the trade, in the order of the stair.
func (r *Rooms) trade(c Config) error {
	r.Duty = oncall.NewStore(oncall.Config{DB: r.DB, Journal: r.Journal, Seal: r.Seal, Check: r.checkContact})
	r.Alerts = alert.NewStore(alert.Config{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Firms: r.Firms, Duty: r.Duty, Channels: r.channels, Origin: c.Origin})
	r.Consents = consent.NewStore(consent.Config{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Seal: r.Seal, Firms: r.Firms, Duty: r.Duty,
		Alerts: r.Alerts, Channels: r.channels, Origin: c.Origin})
	r.Sources = &source.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Alerts: r.Alerts, Registry: r.registry()}
	r.Mentions = &mention.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Ledger: r.Ledger, Sources: r.Sources}
	if err := r.captures(); err != nil {
		return err
	}
	engine, err := builtin.New()
	if err != nil {
		return fmt.Errorf("open the labelling engine: %w", err)
	}
	r.Labels = &classify.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Mentions: r.Mentions, Engine: engine,
		Adjusters: []classify.Adjuster{classify.Kept{DB: r.DB}}}
	r.learning(engine)
	r.Second = remote.New(remote.Config{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Labels: r.Labels, Fetch: r.slow, Staff: r.staff})
	r.Cases = &crisis.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Alerts: r.Alerts, Evidence: r.Evidence, Mentions: r.Mentions,
		Consents: r.Consents}
	r.Alerts.Acked = r.Cases.Acknowledged
	r.Beat = &pulse.Store{DB: r.DB, Jobs: r.Jobs, Mentions: r.Mentions, Journal: r.Journal}
	r.Groups = &group.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Evidence: r.Evidence, Zone: lang.Zone}
	r.Beat.Linked, r.Beat.Known = r.Groups.Linked, r.Groups.KnownKeys
	r.Triage = &triage.Store{DB: r.DB, Mentions: r.Mentions, Alerts: r.Alerts, Cases: r.Cases, Evidence: r.Evidence, Beat: r.Beat, Groups: r.Groups}
	r.Authors = &author.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Mentions: r.Mentions, Labels: r.Labels, Evidence: r.Evidence}
	r.Authors.Together, r.Groups.Customers = r.together, r.Authors.Customers
	r.Authors.Forgotten, r.Groups.Objected = r.Groups.Forget, r.Authors.Objected
	r.Replies = &reply.Store{DB: r.DB, Seal: r.Seal, Journal: r.Journal}
	r.Decisions = &decision.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Mentions: r.Mentions, Labels: r.Labels, Cases: r.Cases,
		Sources: r.Sources, Evidence: r.Evidence, Firms: r.Firms, Consents: r.Consents, Alerts: r.Alerts, Authors: r.Authors, Groups: r.Groups,
		Replies: r.Replies, Staff: r.staff, Grounded: r.Replies.Grounded}
	r.Actions = &action.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Alerts: r.Alerts, Evidence: r.Evidence, Mentions: r.Mentions,
		Cases: r.Cases, Sources: r.Sources, Decisions: r.Decisions}
	r.Macros = &macro.Store{DB: r.DB, Journal: r.Journal, Mentions: r.Mentions, Labels: r.Labels, Cases: r.Cases, Evidence: r.Evidence, Decisions: r.Decisions}
	r.Waves = &wave.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Seal: r.Seal, Mentions: r.Mentions, Cases: r.Cases, Decisions: r.Decisions,
		Actions: r.Actions, Macros: r.Macros, Who: r.Users.Acting}
	r.Cases.Look = []crisis.Look{r.Decisions.InCase, r.Actions.InCase, r.Triage.InCase}
	r.Beat.Answered = func(ctx context.Context, firm string, mentions []string) (map[string]bool, error) {
		f, err := r.Decisions.InCase(ctx, crisis.Case{Firm: firm}, mentions)
		return f.Answered, err
	}
	r.Outcomes = &outcome.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Mentions: r.Mentions, Sources: r.Sources, Cases: r.Cases, Decisions: r.Decisions}
	r.Decisions.Tune = r.Outcomes.Tune
	r.Standing = &standing.Store{DB: r.DB}
	r.Retention = retention.New(retention.Config{DB: r.DB, Journal: r.Journal, Evidence: r.Evidence, Cases: r.Cases})
	r.dossiers(c)
	if r.Importer, err = mention.NewImporter(r.Mentions, r.Journal, filepath.Join(c.Data, "imports")); err != nil {
		return err
	}
	r.pipeline()
	return nil
}

// captures wires what comes into the vault by other ways than the channels.
func (r *Rooms) captures() (err error) {
	look := browser.New(browser.Config{Client: r.fetch, Version: r.version})
	r.Captures, err = capture.Open(&capture.Store{DB: r.DB, Jobs: r.Jobs, Seal: r.Seal, Journal: r.Journal, Evidence: r.Evidence, Mentions: r.Mentions,
		Version: r.version, Look: look.Capture})
	return err
}

// learning wires what the labeller learns from people: the firm's model, its rules, and last their word, which wins.
func (r *Rooms) learning(base *builtin.Engine) {
	r.Learn = &learn.Store{DB: r.DB, Journal: r.Journal, Labels: r.Labels, Mentions: r.Mentions, Base: base}
	r.Memory = classify.NewMemory(r.Labels)
	r.Labels.ByFirm = r.Learn.Engine
	r.OwnRules = &ownrule.Store{DB: r.DB, Jobs: r.Jobs, Journal: r.Journal, Labels: r.Labels, Mentions: r.Mentions}
	r.Labels.Adjusters = append(r.Labels.Adjusters, r.OwnRules, r.Memory)
}

// together tells the account's room which groups an account may belong to.
func (r *Rooms) together(ctx context.Context, firm, key string) (list []signal.Company, err error) {
	gs, err := r.Groups.OfAuthor(ctx, firm, key)
	for _, g := range gs {
		m, _ := g.Member(key)
		list = append(list, signal.Company{ID: g.ID, Number: g.Name(), Level: g.Level.Code(), Others: max(0, len(g.Accounts(false))-1),
			Confirmed: g.State == group.Confirmed, Uncertain: m.State != group.In})
	}
	return list, err
}

// staff names the people of a firm, to be hidden from a second engine.
func (r *Rooms) staff(ctx context.Context, firm string) ([]string, error) {
	ms, err := r.Users.Members(ctx, firm)
	names := make([]string, len(ms))
	for i, m := range ms {
		names[i] = m.Name
	}
	return names, err
}

// checkContact refuses ways to reach a person that this installation does not have.
func (r *Rooms) checkContact(kind, address string) error {
	ch, ok := r.channels[kind]
	if !ok {
		return fault.New(fault.Invalid, "notify.unconfigured", "kind", kind).On("kind")
	}
	return ch.Check(address)
}

// Close closes what Open opened.
func (r *Rooms) Close() {
	r.Users.Wait()
	r.fetch.Close()
	r.slow.Close()
	for _, c := range r.callers {
		c.Close()
	}
	if err := r.DB.Close(); err != nil {
		slog.Error("close database", "error", err)
	}
}
