package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"chop/internal/fault"
)

const (
	answerWithin = 20 * time.Second // for the first byte of an answer
	slowest      = 64 << 10         // bytes per second that a transfer must reach
	tries        = 3
)

// S3 is a bucket of an S3-compatible store. Several processes may share it. What it holds is sealed before it comes here.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

// NewS3 reads s3://BUCKET[/PREFIX]?endpoint=https://HOST[:PORT][&region=REGION]. Keys are never part of the address, which
// shows in lists of processes. It does not call the store; Check does.
func NewS3(address, key, secret string) (*S3, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("--blob: write s3://BUCKET?endpoint=https://HOST; keys belong into CHOP_S3_KEY and CHOP_S3_SECRET, not into the address")
	}
	end, err := url.Parse(u.Query().Get("endpoint"))
	if err != nil || end.Host == "" || end.Scheme != "https" && end.Scheme != "http" || strings.Trim(end.Path, "/") != "" {
		return nil, fmt.Errorf("--blob: endpoint=%q is not an address like https://s3.example.com", u.Query().Get("endpoint"))
	}
	if key == "" || secret == "" {
		return nil, errors.New("--blob: set the store's keys in the environment: CHOP_S3_KEY and CHOP_S3_SECRET")
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.ResponseHeaderTimeout = answerWithin
	base.DisableCompression = true
	c, err := minio.New(end.Host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, ""), Secure: end.Scheme == "https", Region: u.Query().Get("region"),
		Transport: base, MaxRetries: tries, BucketLookup: minio.BucketLookupAuto})
	if err != nil {
		return nil, fmt.Errorf("--blob: %w", err)
	}
	s := &S3{client: c, bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if s.prefix != "" {
		s.prefix += "/"
	}
	return s, nil
}

// Check asks whether the bucket is there and lets us in.
func (s *S3) Check(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, answerWithin)
	defer stop()
	there, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return s.explain("look at the bucket", err)
	}
	if !there {
		return fault.New(fault.Unavailable, "blob.bucket", "Bucket", s.bucket)
	}
	return nil
}

func (s *S3) object(sum string) (string, error) {
	if !isSum(sum) {
		return "", missing()
	}
	return s.prefix + sum[:2] + "/" + sum[2:], nil
}

// within is how long a transfer of so many bytes may take.
func within(size int64) time.Duration { return answerWithin + time.Duration(size/slowest)*time.Second }

// Put spools to a file first: the address must be known before the upload begins. The store is told the MD5, so that
// it refuses an upload whose bytes changed under way; an upload that was cut leaves nothing.
func (s *S3) Put(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	f, err := os.CreateTemp("", "chop-put-*")
	if err != nil {
		return "", 0, explain("store file", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if sum, size, err = write(ctx, f, r); err != nil {
		return "", 0, explain("store file", err)
	}
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return "", 0, explain("store file", err)
	}
	name, err := s.object(sum)
	if err != nil {
		return "", 0, err
	}
	ctx, stop := context.WithTimeout(ctx, within(size))
	defer stop()
	info, err := s.client.PutObject(ctx, s.bucket, name, f, size, minio.PutObjectOptions{ContentType: "application/octet-stream",
		SendContentMd5: true, DisableMultipart: size < 64<<20})
	if err != nil {
		return "", 0, s.explain("store file", err)
	}
	if info.Size != size {
		return "", 0, fault.New(fault.Unavailable, "blob.away").Because(fmt.Errorf("the store took %d bytes of %d", info.Size, size))
	}
	return sum, size, nil
}

// Open streams the object. Its content is checked while it is read.
func (s *S3) Open(sum string) (io.ReadCloser, error) {
	name, err := s.object(sum)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	core := minio.Core{Client: s.client}
	body, info, _, err := core.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		stop()
		return nil, s.explain("open stored file", err)
	}
	t := time.AfterFunc(within(info.Size), stop)
	return &fetched{checked: checked{f: body, h: sha256.New(), want: sum}, end: func() { t.Stop(); stop() }, explain: s.explain}, nil
}

type fetched struct {
	checked
	end     func()
	explain func(string, error) error
}

func (f *fetched) Read(p []byte) (int, error) {
	n, err := f.checked.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrCorrupt) {
		err = f.explain("read stored file", err)
	}
	return n, err
}

func (f *fetched) Close() error {
	defer f.end()
	return f.checked.Close()
}

// Read is the whole checked content; an answer that broke off is asked for again.
func (s *S3) Read(sum string) (raw []byte, err error) {
	for range tries {
		var f io.ReadCloser
		if f, err = s.Open(sum); err != nil {
			return nil, err
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(f)
		if err = errors.Join(err, f.Close()); err == nil {
			return b.Bytes(), nil
		}
		if errors.Is(err, ErrCorrupt) {
			return nil, err
		}
	}
	return nil, err
}

// Stat is the size of a file in bytes.
func (s *S3) Stat(sum string) (int64, error) {
	name, err := s.object(sum)
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithTimeout(context.Background(), answerWithin)
	defer stop()
	info, err := s.client.StatObject(ctx, s.bucket, name, minio.StatObjectOptions{})
	if err != nil {
		return 0, s.explain("look at stored file", err)
	}
	return info.Size, nil
}

// Remove deletes a file. In a bucket that keeps versions the old version stays until the bucket's own rule removes it
// (docs/operations.md); the bytes are sealed, and their key is destroyed with the exhibit.
func (s *S3) Remove(sum string) error {
	name, err := s.object(sum)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), answerWithin)
	defer stop()
	if err := s.client.RemoveObject(ctx, s.bucket, name, minio.RemoveObjectOptions{}); err != nil {
		if err = s.explain("remove stored file", err); !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// explain turns the store's answer into what a person can do about it.
func (s *S3) explain(what string, err error) error {
	r := minio.ToErrorResponse(err)
	switch {
	case r.Code == "NoSuchBucket":
		return fault.New(fault.Unavailable, "blob.bucket", "Bucket", s.bucket).Because(err)
	case r.Code == "NoSuchKey" || r.StatusCode == http.StatusNotFound:
		return missing()
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return fault.New(fault.Unavailable, "blob.denied", "Bucket", s.bucket).Because(err)
	case r.StatusCode == http.StatusInsufficientStorage || r.Code == "XMinioStorageFull" || r.Code == "QuotaExceeded":
		return fault.New(fault.Unavailable, "blob.full").Because(err)
	}
	return fault.New(fault.Unavailable, "blob.away").Because(fmt.Errorf("%s: %w", what, err))
}
