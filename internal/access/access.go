// Package access is the only code that answers "may this person do that".
//
// A Principal travels in the context. Every verb of a store asks Check first. A firm the principal has no role in
// answers NotFound, never Forbidden, so that nobody learns which firms exist.
package access

import (
	"context"
	"slices"
	"sort"

	"chop/internal/fault"
)

// Role is what a person is for one firm.
type Role string

const (
	Guardian Role = "guardian" // crisis consultant on duty; works for many firms
	Owner    Role = "owner"    // of the protected firm
	Staff    Role = "staff"    // of the protected firm
	Lawyer   Role = "lawyer"   // sees only what is shared for legal work
)

// Roles lists the roles a person can have in a firm.
var Roles = []Role{Guardian, Owner, Staff, Lawyer}

// Perm is one thing that can be allowed.
type Perm string

const (
	ViewMentions  Perm = "mentions.view"
	LabelMentions Perm = "mentions.label"
	ExportData    Perm = "mentions.export"
	ViewCases     Perm = "cases.view"
	WorkCases     Perm = "cases.work"
	Acknowledge   Perm = "alerts.acknowledge"
	Decide        Perm = "decisions.make"
	SecondPerson  Perm = "decisions.second" // confirm the removal of criticism
	Answer        Perm = "consents.answer"  // say yes or no to what the firm is asked; each question names the role
	CallGuardian  Perm = "guardian.call"    // report a crisis, ask whether a text may be published
	ViewEvidence  Perm = "evidence.view"
	Preserve      Perm = "evidence.preserve"
	ViewSources   Perm = "sources.view"
	ManageSources Perm = "sources.manage"
	ViewPeople    Perm = "people.view"
	ManagePeople  Perm = "people.manage"
	ViewFirm      Perm = "firm.view"
	ManageFirm    Perm = "firm.manage"
	ViewDuty      Perm = "duty.view"
	ManageDuty    Perm = "duty.manage"
	ViewJournal   Perm = "journal.view"
	ViewProfiles  Perm = "profiles.view"       // behaviour profiles of accounts
	WorkProfiles  Perm = "profiles.work"       // draft, rate, confirm, contest
	LegalProfiles Perm = "profiles.legal"      // the legal marker, the whistle-blower check, the package that was exported
	ViewGroups    Perm = "groups.view"         // accounts that act together
	WorkGroups    Perm = "groups.work"         // confirm, reject, split, merge, sign off
	SharedGroups  Perm = "groups.shared"       // those that were handed to a case
	Install       Perm = "installation.manage" // administrators only: firms, backups, health of the machine
)

// table says which roles hold which permission. Administrators hold ManagePeople, ManageFirm, ManageSources and
// Install everywhere, but do not read a firm's mentions, cases or evidence unless they also have a role there.
var table = map[Perm][]Role{
	ViewMentions:  {Guardian, Owner, Staff},
	LabelMentions: {Guardian, Owner},
	ExportData:    {Guardian, Owner},
	ViewCases:     {Guardian, Owner, Staff, Lawyer},
	WorkCases:     {Guardian},
	Acknowledge:   {Guardian, Owner, Staff},
	Decide:        {Guardian, Owner},
	SecondPerson:  {Guardian, Owner},
	Answer:        {Owner, Lawyer},
	CallGuardian:  {Guardian, Owner, Staff},
	ViewEvidence:  {Guardian, Owner, Lawyer},
	Preserve:      {Guardian, Owner, Lawyer},
	ViewSources:   {Guardian, Owner, Staff},
	ManageSources: {Guardian, Owner},
	ViewPeople:    {Guardian, Owner},
	ManagePeople:  {Guardian, Owner},
	ViewFirm:      {Guardian, Owner, Staff, Lawyer},
	ManageFirm:    {Guardian, Owner},
	ViewDuty:      {Guardian, Owner, Staff},
	ManageDuty:    {Guardian},
	ViewJournal:   {Guardian, Owner},
	ViewProfiles:  {Guardian, Owner},
	WorkProfiles:  {Guardian},
	LegalProfiles: {Lawyer},
	ViewGroups:    {Guardian, Owner},
	WorkGroups:    {Guardian},
	SharedGroups:  {Lawyer},
	Install:       {},
}

var adminHolds = map[Perm]bool{
	Install: true, ManagePeople: true, ViewPeople: true, ManageFirm: true, ViewFirm: true,
	ManageSources: true, ViewSources: true, ManageDuty: true, ViewDuty: true,
}

// Perms lists every permission, sorted.
func Perms() []Perm {
	ps := make([]Perm, 0, len(table))
	for p := range table {
		ps = append(ps, p)
	}
	sort.Slice(ps, func(i, j int) bool { return ps[i] < ps[j] })
	return ps
}

// Allows tells whether a role holds a permission, from the table alone.
func Allows(r Role, p Perm) bool { return slices.Contains(table[p], r) }

// AdminAllows tells whether an administrator holds a permission without any role in the firm.
func AdminAllows(p Perm) bool { return adminHolds[p] }

// Principal is who acts: a signed-in person, or the system on behalf of one firm.
type Principal struct {
	User   string          // user id; "system" for the program itself
	Name   string          // as shown in the journal
	Admin  bool            // administrator of the installation
	Firms  map[string]Role // firm id -> role
	System string          // firm the program acts for; "*" for all
}

// System is the program itself acting for one firm ("*": every firm). Jobs and pollers run as it.
func System(firm string) Principal { return Principal{User: "system", Name: "ChOP", System: firm} }

type key struct{}

// With puts the principal into the context.
func With(ctx context.Context, p Principal) context.Context { return context.WithValue(ctx, key{}, p) }

// From takes the principal out of the context; the zero Principal may do nothing.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(key{}).(Principal)
	return p
}

// Holds tells whether the principal may do p for the firm.
func (a Principal) Holds(p Perm, firm string) bool {
	if a.System != "" {
		return a.System == "*" || a.System == firm
	}
	if a.Admin && adminHolds[p] {
		return true
	}
	r, ok := a.Firms[firm]
	return ok && Allows(r, p)
}

// Knows tells whether the principal may know that the firm exists.
func (a Principal) Knows(firm string) bool {
	if a.Admin || a.System == "*" || (a.System != "" && a.System == firm) {
		return true
	}
	_, ok := a.Firms[firm]
	return ok
}

// Check asks whether the context's principal may do p for the firm. NotFound hides firms that are not the
// principal's; Forbidden names the missing permission.
func Check(ctx context.Context, p Perm, firm string) error {
	a := From(ctx)
	if a.Holds(p, firm) {
		return nil
	}
	if !a.Knows(firm) {
		return fault.Missing("firm")
	}
	return fault.New(fault.Forbidden, "forbidden", "perm", string(p))
}

// CheckAny asks for an installation-wide permission, or for p in at least one firm.
func CheckAny(ctx context.Context, p Perm) error {
	a := From(ctx)
	if a.System != "" || (a.Admin && adminHolds[p]) || len(Scope(ctx, p)) > 0 {
		return nil
	}
	return fault.New(fault.Forbidden, "forbidden", "perm", string(p))
}

// Scope lists the ids of the firms in which the context's principal holds p, sorted. For the system it is the firm
// it acts for; a system principal for all firms must not be scoped and gets none.
func Scope(ctx context.Context, p Perm) []string {
	a := From(ctx)
	if a.System != "" && a.System != "*" {
		return []string{a.System}
	}
	var fs []string
	for f, r := range a.Firms {
		if Allows(r, p) {
			fs = append(fs, f)
		}
	}
	sort.Strings(fs)
	return fs
}
