package page

import "chop/internal/access"

// room is one place of the house that the menu leads to.
type room struct {
	href, icon, name string // name is a message id
	key              string // second key after g
	perms            []access.Perm
	phone            bool // stands in the bottom bar
}

// group is a titled part of the menu.
type group struct {
	title string
	rooms []room
}

// house lists the rooms in the order of the menu.
var house = []group{
	{"shell.group.duty", []room{
		{"/watch", "radio-tower", "shell.room.watch", "d", []access.Perm{access.ViewDuty}, true},
		{"/inbox", "inbox", "shell.room.inbox", "w", []access.Perm{access.ViewMentions}, true},
		{"/owner", "waves", "shell.room.owner", "o", []access.Perm{access.CallGuardian}, false},
		{"/duty", "calendar-clock", "shell.room.duty", "y", []access.Perm{access.ViewDuty}, false},
	}},
	{"shell.group.case", []room{
		{"/cases", "folder-open", "shell.room.cases", "s", []access.Perm{access.ViewCases}, true},
		{"/authors", "user-search", "shell.room.authors", "a", []access.Perm{access.ViewProfiles}, false},
		{"/groups", "waypoints", "shell.room.groups", "u", []access.Perm{access.ViewGroups, access.SharedGroups}, false},
		{"/waves", "list-checks", "shell.room.waves", "v", []access.Perm{access.Decide}, false},
		{"/exhibits", "stamp", "shell.room.exhibits", "e", []access.Perm{access.ViewEvidence}, true},
	}},
	{"shell.group.firm", []room{
		{"/sources", "plug-zap", "shell.room.sources", "k", []access.Perm{access.ViewSources}, false},
		{"/replies", "notebook-pen", "shell.room.replies", "r", []access.Perm{access.ViewMentions}, false},
		{"/labels", "tag", "shell.room.labels", "t", []access.Perm{access.ViewMentions}, false},
		{"/calibration", "gauge", "shell.room.calibration", "c", []access.Perm{access.ViewMentions}, false},
		{"/firms", "building-2", "shell.room.firms", "i", []access.Perm{access.ViewFirm}, false},
		{"/people", "users", "shell.room.people", "l", []access.Perm{access.ViewPeople}, false},
		{"/journal", "file-text", "shell.room.journal", "j", []access.Perm{access.ViewJournal}, false},
		{"/search", "search", "shell.room.search", "f", []access.Perm{access.ViewMentions, access.ViewCases, access.ViewEvidence}, false},
	}},
}

// rooms is the menu of this person, without empty groups.
func (f Frame) rooms() []group {
	var gs []group
	for _, g := range house {
		var rs []room
		for _, r := range g.rooms {
			if f.User.may(r.perms...) {
				rs = append(rs, r)
			}
		}
		if len(rs) > 0 {
			gs = append(gs, group{g.title, rs})
		}
	}
	return gs
}

// flat is the menu without groups; phone keeps only what stands in the bottom bar.
func (f Frame) flat(phone bool) []room {
	var rs []room
	for _, g := range f.rooms() {
		for _, r := range g.rooms {
			if r.phone || !phone {
				rs = append(rs, r)
			}
		}
	}
	return rs
}

// home is where the mark leads: the first room this person may enter.
func (f Frame) home() string {
	if rs := f.flat(false); len(rs) > 0 {
		return rs[0].href
	}
	return "/"
}

// count is the number beside a room, and whether it is hot.
func (f Frame) count(r room) (n int, hot bool, says string) {
	switch r.href {
	case "/inbox":
		return f.Counts.Inbox, f.Counts.Urgent > 0, "shell.count.waiting"
	case "/cases":
		return f.Counts.Cases, false, "shell.count.open"
	case "/groups":
		return f.Counts.Groups, false, "shell.count.undecided"
	case "/sources":
		return f.Counts.Sources, f.Counts.Sources > 0, "shell.count.troubled"
	}
	return 0, false, ""
}

// firmHref is the address that chooses a firm and stays in the same room.
func (f Frame) firmHref(id string) string {
	r := f.room()
	if r == "/" {
		r = f.home()
	}
	return r + "?firm=" + id
}

// shortcut is one line of the keyboard help.
type shortcut struct {
	says string
	keys []string
}

var shortcuts = []shortcut{
	{"shell.key.walk", []string{"j", "k"}},
	{"shell.key.open", []string{"Enter"}},
	{"shell.key.select", []string{"x"}},
	{"shell.key.reply", []string{"r"}},
	{"shell.key.private", []string{"p"}},
	{"shell.key.hide", []string{"h"}},
	{"shell.key.preserve", []string{"e"}},
	{"shell.key.delete", []string{"d"}},
	{"shell.key.block", []string{"b"}},
	{"shell.key.nothing", []string{"n"}},
	{"shell.key.labels", []string{"l"}},
	{"shell.key.agree", []string{"a"}},
	{"shell.key.why", []string{"w"}},
	{"shell.key.marks", []string{"m"}},
	{"shell.key.undo", []string{"z"}},
	{"shell.key.search", []string{"/"}},
	{"shell.key.commands", []string{"Ctrl", "K"}},
	{"shell.key.rooms", []string{"g", "d|w|s"}},
	{"shell.key.theme", []string{"t"}},
	{"shell.key.help", []string{"?"}},
}
