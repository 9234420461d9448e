package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
	"chop/internal/witness"
)

// How a witness answered last; each has the message "ledger.witness.<state>".
const (
	WitnessNever  = "never"   // not asked yet
	WitnessSigned = "signed"  // it cosigned
	WitnessDown   = "down"    // no answer; asked again
	WitnessNo     = "refused" // the log does not continue what it has seen, or it does not know the log
	WitnessAhead  = "ahead"   // it has seen a longer log than ours
)

// Standing is how things stand with one witness.
type Standing struct {
	Name    string
	State   string
	Size    int64     // of the newest checkpoint it cosigned or says it has seen
	Signed  time.Time // of its newest cosignature, by its clock
	Tried   time.Time
	Detail  string // for the log's operator
	Address string
}

func (l *Log) witnessKeys() (keys []string) {
	for _, p := range l.peers {
		keys = append(keys, p.Key.String())
	}
	return keys
}

// Cosign asks every witness that has not confirmed the newest checkpoint yet. A witness that does not answer is asked
// again the next time; one that refuses is named by Verify from then on. The error is about the database. Called by a
// timer, outside a transaction.
func (l *Log) Cosign(ctx context.Context) error {
	if len(l.peers) == 0 {
		return nil
	}
	c, err := l.Latest(ctx)
	if err != nil || c.Size == 0 {
		return err
	}
	standing, err := l.Witnesses(ctx)
	if err != nil {
		return err
	}
	var news bool
	for i, p := range l.peers {
		s := standing[i]
		if s.State == WitnessSigned && s.Size == c.Size {
			continue
		}
		got, err := l.ask(ctx, p, &s, c)
		if err != nil && (s.State == WitnessNo || s.State == WitnessAhead) {
			slog.Error("a witness does not confirm the log", "witness", s.Name, "state", s.State, "error", err)
		} else if err != nil {
			slog.Warn("a witness was not reached", "witness", s.Name, "error", err)
		}
		if err := l.remember(ctx, s, c, got); err != nil {
			return fmt.Errorf("keep a cosignature: %w", err)
		}
		news = news || err == nil
	}
	if !news {
		return nil
	}
	return l.republish(ctx)
}

// ask submits the checkpoint, once more when the witness remembers another size than we do.
func (l *Log) ask(ctx context.Context, p *witness.Client, s *Standing, c Checkpoint) (got witness.Cosignature, err error) {
	old := s.Size
	for range 2 {
		if old > c.Size {
			s.State, s.Size = WitnessAhead, old
			return got, &witness.Ahead{Size: old}
		}
		var proof tlog.TreeProof
		if old > 0 && old < c.Size {
			if proof, err = l.Consistency(ctx, old, c.Size); err != nil {
				s.State, s.Detail = WitnessNo, err.Error()
				return got, err
			}
		}
		got, err = p.Submit(ctx, old, proof, c.Note)
		var ahead *witness.Ahead
		if !errors.As(err, &ahead) || ahead.Size == old {
			break
		}
		old = ahead.Size
	}
	s.Detail = ""
	switch {
	case err == nil:
		s.State, s.Size, s.Signed = WitnessSigned, c.Size, got.At
	case errors.Is(err, witness.ErrDown):
		s.State, s.Detail = WitnessDown, err.Error()
	default:
		s.State, s.Detail = WitnessNo, err.Error()
	}
	return got, err
}

func (l *Log) remember(ctx context.Context, s Standing, c Checkpoint, got witness.Cosignature) error {
	return l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if s.State == WitnessSigned {
			if _, err := tx.Exec(ctx, `INSERT INTO ledger_cosignature (size, witness, line, at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (size, witness) DO NOTHING`, c.Size, s.Name, got.Line(), got.At); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO ledger_witness (name, size, tried_at, signed_at, state, detail) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name) DO UPDATE SET size = excluded.size, tried_at = excluded.tried_at, signed_at = excluded.signed_at,
			state = excluded.state, detail = excluded.detail`, s.Name, s.Size, tx.Now(), s.Signed, s.State, s.Detail)
		return err
	})
}

// Witnesses is how things stand with each configured witness, in the order of the configuration.
func (l *Log) Witnesses(ctx context.Context) ([]Standing, error) {
	list := make([]Standing, len(l.peers))
	for i, p := range l.peers {
		list[i] = Standing{Name: p.Key.Name, State: WitnessNever, Address: p.Address()}
	}
	err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT name, size, tried_at, signed_at, state, detail FROM ledger_witness`, nil, func(scan func(...any) error) error {
			var s Standing
			if err := scan(&s.Name, &s.Size, &s.Tried, &s.Signed, &s.State, &s.Detail); err != nil {
				return err
			}
			if i := slices.IndexFunc(list, func(x Standing) bool { return x.Name == s.Name }); i >= 0 {
				s.Address = list[i].Address
				list[i] = s
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look how witnesses answered: %w", err)
	}
	return list, nil
}

// cosignatures are the lines kept for a checkpoint, of the configured witnesses or of earlier ones.
func cosignatures(ctx context.Context, tx *db.Tx, size int64) (lines []string, err error) {
	err = tx.Each(ctx, `SELECT line FROM ledger_cosignature WHERE size = $1 ORDER BY witness`, []any{size}, func(scan func(...any) error) error {
		var line string
		err := scan(&line)
		lines = append(lines, line)
		return err
	})
	return lines, err
}

// cosigned fills in who confirmed the checkpoint, and reports lines that their keys did not make.
func (l *Log) cosigned(c *Checkpoint, lines []string) (bad int) {
	body, _, err := witness.Split(c.Note)
	if err != nil {
		return len(lines)
	}
	for _, line := range lines {
		got, err := witness.ParseLine(line)
		i := slices.IndexFunc(l.peers, func(p *witness.Client) bool { return err == nil && got.Resembles(p.Key) })
		switch {
		case err != nil || i >= 0 && !l.peers[i].Key.Verify(body, got):
			bad++
		default: // of a witness that is configured, or was once: then strangers who know its key can check the line
			c.Cosigned = append(c.Cosigned, got)
		}
	}
	return bad
}

// Text is the checkpoint with the cosignatures under the log's own signature: the form strangers get.
func (c Checkpoint) Text() []byte {
	var b strings.Builder
	b.Write(c.Note)
	for _, x := range c.Cosigned {
		b.WriteString(x.Line())
	}
	return []byte(b.String())
}

// republish writes the newest checkpoint with its cosignatures over the one in the folder, if that is of the same size.
func (l *Log) republish(ctx context.Context) error {
	c, err := l.Latest(ctx)
	if err != nil {
		return err
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	kept, err := l.writtenDown()
	if err != nil || kept.Size != c.Size || kept.Root != c.Root {
		return err
	}
	return l.writeDown(c)
}
