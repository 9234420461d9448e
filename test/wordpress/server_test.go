package wordpress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a real WordPress on Debian's packages: MariaDB on a socket, PHP's own web server, all in one folder that
// goes with the test (domain/connectors.md B1).
type server struct {
	url      string
	user     string // an editor
	password string // its application password
}

// code is where Debian keeps WordPress.
const code = "/usr/share/wordpress"

// config stands in for /etc/wordpress: the test neither needs nor leaves anything there. Application passwords work
// over plain http in an environment called "local" only.
const config = `<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:%[1]s/sock');
define('WP_CONTENT_DIR', '%[1]s/content'); define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_HOME', '%[2]s'); define('WP_SITEURL', '%[2]s');
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true);
foreach (['AUTH_KEY','SECURE_AUTH_KEY','LOGGED_IN_KEY','NONCE_KEY','AUTH_SALT','SECURE_AUTH_SALT','LOGGED_IN_SALT','NONCE_SALT'] as $k) define($k, hash('sha256', 'test' . $k));
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
`

const installer = `<?php
$_SERVER['HTTP_HOST'] = '127.0.0.1'; define('WP_INSTALLING', true); require '` + code + `/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Manufaktura Lniana', 'admin', 'admin@example.test', true, '', 'admin-pw');
update_option('permalink_structure', '/%postname%/');
$id = wp_insert_user(['user_login' => 'chopbot', 'user_pass' => wp_generate_password(), 'user_email' => 'bot@example.test', 'role' => 'editor']);
list($plain) = WP_Application_Passwords::create_new_application_password($id, ['name' => 'chop']);
file_put_contents($argv[1], $plain);
`

// PHP runs no prepended file before a router.
const router = `<?php require __DIR__ . '/prepend.php';
$f = '` + code + `' . ($p = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)); if ($p !== '/' && is_file($f)) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php'; require '` + code + `/index.php';
`

// start installs and starts it. A machine that lacks a part fails the test.
func start(t *testing.T) *server {
	t.Helper()
	for _, p := range []string{"mariadbd", "mariadb-install-db", "php"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing: run make deps", p)
		}
	}
	if _, err := os.Stat(code); err != nil {
		t.Fatal("WordPress is missing: run make deps")
	}
	dir, err := os.MkdirTemp("", "chop-wp-") // short: the path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr, err := unprivileged(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: "http://" + free(t), user: "chopbot"}
	if err := s.furnish(dir); err != nil {
		t.Fatal(err)
	}
	s.database(t, dir, attr)
	s.install(t, dir, attr)
	run(t, dir, attr, "php", "-d", "auto_prepend_file="+dir+"/prepend.php", "-d", "memory_limit=128M", "-S", strings.TrimPrefix(s.url, "http://"), "-t", code, dir+"/router.php")
	await(t, dir, "php", func() error {
		r, err := http.Get(s.url + "/wp-json/")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return errors.New(r.Status)
		}
		return nil
	})
	return s
}

// furnish writes the folder: our configuration beside links to the program, so that Debian's own is not read.
func (s *server) furnish(dir string) error {
	for name, text := range map[string]string{
		"prepend.php": "<?php defined('ABSPATH') || define('ABSPATH', '" + dir + "/wp/');", "router.php": router, "install.php": installer,
		"wp/wp-config.php": fmt.Sprintf(config, dir, s.url), "init.sql": "CREATE DATABASE wp;\n",
		"content/themes/.keep": "", "content/plugins/.keep": "", "content/uploads/.keep": "",
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"wp-includes", "wp-admin", "wp-settings.php", "wp-load.php", "wp-blog-header.php"} {
		if err := os.Symlink(filepath.Join(code, name), filepath.Join(dir, "wp", name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) database(t *testing.T, dir string, attr *syscall.SysProcAttr) {
	t.Helper()
	once(t, dir, attr, "mariadb-install-db", "--no-defaults", "--datadir="+dir+"/db", "--skip-test-db", "--auth-root-authentication-method=normal")
	run(t, dir, attr, "mariadbd", "--no-defaults", "--datadir="+dir+"/db", "--socket="+dir+"/sock", "--pid-file="+dir+"/pid", "--skip-networking",
		"--init-file="+dir+"/init.sql", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=OFF")
	await(t, dir, "mariadbd", func() error {
		c, err := net.Dial("unix", dir+"/sock")
		if err == nil {
			err = c.Close()
		}
		return err
	})
}

func (s *server) install(t *testing.T, dir string, attr *syscall.SysProcAttr) {
	t.Helper()
	once(t, dir, attr, "php", "-d", "auto_prepend_file="+dir+"/prepend.php", dir+"/install.php", dir+"/password")
	raw, err := os.ReadFile(dir + "/password")
	if err != nil {
		t.Fatal(err)
	}
	s.password = string(raw)
}

// unprivileged gives the folder to a user who may run a server: MariaDB refuses to run as root, and a server that
// changes its user itself would no longer hear that its parent died.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, fmt.Errorf("there is no user mysql: %w; run make deps", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

// free is a local address nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func command(ctx context.Context, dir string, attr *syscall.SysProcAttr, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "TMPDIR="+dir)
	c.SysProcAttr = attr
	return c
}

func once(t *testing.T, dir string, attr *syscall.SysProcAttr, name string, args ...string) {
	t.Helper()
	if out, err := command(t.Context(), dir, attr, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// run keeps a server until the test ends, or until the test process dies however it dies. The death signal is tied to
// the thread that started the child, so that thread stays.
func run(t *testing.T, dir string, attr *syscall.SysProcAttr, name string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	a := *attr
	a.Pdeathsig = syscall.SIGKILL
	c := command(context.Background(), dir, &a, name, args...)
	c.Stdout, c.Stderr = log, log
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		defer log.Close()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait() // it is killed below
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
	})
}

// await asks a server until it answers; what it logged is told when it does not.
func await(t *testing.T, dir, name string, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	err := ready()
	for ; err != nil && time.Now().Before(deadline); err = ready() {
		<-time.After(20 * time.Millisecond)
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, name+".log"))
		t.Fatalf("%s did not come up: %v\n%s", name, err, log)
	}
}

// comment sends a visitor's comment through the site's own form, from an address of the loopback network.
func (s *server) comment(t *testing.T, ip, agent, who, text string) {
	t.Helper()
	visitor := &http.Client{
		Transport:     &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
	form := url.Values{"comment": {text}, "author": {who}, "email": {strings.ToLower(who) + "@visitor.test"}, "comment_post_ID": {"1"}}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/wp-comments-post.php", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("User-Agent", agent)
	r, err := visitor.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusFound {
		t.Fatalf("the form answered %s: %s", r.Status, bytes.TrimSpace(body))
	}
}
