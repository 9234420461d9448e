// Package browser runs headless Chromium for two jobs: to print our own HTML as PDF, without any network, and to look at
// a stranger's page and keep what was seen, through a guard that lets it reach public addresses only.
//
// Every job gets a browser of its own with a throw-away profile; the browser and its children end with the job, and with
// the program. Chromium's sandbox is used wherever the system allows it, and the result says when it was not.
package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"chop/internal/fault"
)

// programs are the names under which the browser is looked for.
var programs = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// Find is the browser's program. Fault Unavailable "browser.missing" when the machine has none.
func Find() (string, error) {
	for _, p := range programs {
		if path, err := exec.LookPath(p); err == nil {
			return path, nil
		}
	}
	return "", fault.New(fault.Unavailable, "browser.missing")
}

// quiet is what every browser of ours is told: no calls home, nothing kept, no sounds, no questions.
var quiet = map[string]any{
	"disable-background-networking":   true,
	"disable-component-update":        true,
	"disable-domain-reliability":      true,
	"disable-sync":                    true,
	"disable-quic":                    true,
	"disable-gpu":                     true,
	"disable-dev-shm-usage":           true,
	"no-pings":                        true,
	"no-service-autorun":              true,
	"mute-audio":                      true,
	"incognito":                       true,
	"disable-notifications":           true,
	"deny-permission-prompts":         true,
	"webrtc-ip-handling-policy":       "disable_non_proxied_udp",
	"force-webrtc-ip-handling-policy": true,
	"disable-features": "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication,NetworkPrediction," +
		"CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions,WebOTP,WebBluetooth,WebUSB,PrefetchProxy,SpeculationRulesPrefetchProxy,DnsOverHttps,AsyncDns",
}

// session is one running browser.
type session struct {
	ctx     context.Context // of chromedp; ends with the browser
	end     func()
	said    *output
	Sandbox bool
}

// open starts a browser with further flags. The browser is started inside Chromium's sandbox; when that fails it is
// started without, and the session says so.
func open(ctx context.Context, flags map[string]any) (*session, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	s, first := start(ctx, path, flags, true)
	if first == nil || ctx.Err() != nil {
		return s, first
	}
	s, err = start(ctx, path, flags, false)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "browser.start").Because(errors.Join(first, err))
	}
	return s, nil
}

func start(ctx context.Context, path string, flags map[string]any, sandbox bool) (*session, error) {
	drop := sandbox && os.Getuid() == 0 // the sandbox does not work for root, and a stranger's page deserves no root either
	dir, err := profile(drop)
	if err != nil {
		return nil, err
	}
	said := &output{}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Flag("no-sandbox", !sandbox),
		chromedp.NoInheritEnv, chromedp.Env("HOME="+dir, "TMPDIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "PATH="+os.Getenv("PATH"),
			"LANG=C.UTF-8", "TZ=Europe/Warsaw"),
		chromedp.CombinedOutput(said))
	for _, m := range []map[string]any{quiet, flags} {
		for name, v := range m {
			opts = append(opts, chromedp.Flag(name, v))
		}
	}
	opts = append(opts, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { confine(cmd, dir, drop) }))
	ctx, endAllocator := chromedp.NewExecAllocator(ctx, opts...)
	ctx, endContext := chromedp.NewContext(ctx, chromedp.WithErrorf(func(f string, a ...any) { slog.Debug("browser: " + fmt.Sprintf(f, a...)) }))
	s := &session{ctx: ctx, said: said, Sandbox: sandbox}
	var once sync.Once
	s.end = func() {
		once.Do(func() {
			pid := 0
			if c := chromedp.FromContext(ctx); c != nil && c.Browser != nil && c.Browser.Process() != nil {
				pid = c.Browser.Process().Pid
			}
			endContext()
			endAllocator()
			killAll(pid, dir)
			os.RemoveAll(dir)
		})
	}
	if err := chromedp.Do(ctx); err != nil {
		s.end()
		return nil, fmt.Errorf("start the browser (%s): %w", said.last(), err)
	}
	return s, nil
}

// nobody is the account of Unix systems that owns nothing.
const nobody = 65534

// confine makes the browser's process end with ours, in a group of its own, and as nobody when we are root.
func confine(cmd *exec.Cmd, dir string, drop bool) {
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, Groups: []uint32{}}
	}
}

const profileName = "chop-browser-"

// profile makes a throw-away folder named after this process, so that what a killed one left behind can be told apart.
func profile(drop bool) (string, error) {
	sweep()
	dir, err := os.MkdirTemp("", profileName+strconv.Itoa(os.Getpid())+"-")
	if err == nil && drop {
		err = os.Chown(dir, nobody, nobody)
	}
	if err != nil {
		return "", fault.New(fault.Unavailable, "browser.profile").Because(err)
	}
	return dir, nil
}

// sweep removes the profiles of processes that are no more.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), profileName+"*-*")) // the pattern is sound
	for _, dir := range old {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), profileName), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && n > 0 && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			os.RemoveAll(dir)
		}
	}
}

// killAll ends the browser's process group, and whatever still runs with its profile: some children leave the group.
func killAll(pid int, dir string) {
	if pid > 0 {
		syscall.Kill(-pid, syscall.SIGKILL)
	}
	for range 20 {
		if killUsers(dir) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// killUsers kills the processes that were started with a profile, and tells how many it found.
func killUsers(dir string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is sound
	for _, path := range lines {
		raw, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() && bytes.Contains(raw, []byte("--user-data-dir="+dir+"\x00")) {
			syscall.Kill(pid, syscall.SIGKILL)
			n++
		}
	}
	return n
}

// output keeps the end of what the browser says, for the reason of a failure.
type output struct {
	mu  sync.Mutex
	buf []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, p...)
	if len(o.buf) > 4096 {
		o.buf = o.buf[len(o.buf)-4096:]
	}
	return len(p), nil
}

func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(o.buf)), "\n")
	return lines[len(lines)-1]
}
