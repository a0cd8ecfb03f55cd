package history

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/findings"
)

// A result.json as findings.Result.Write lays it out: its findings are the last member, and
// a line of no other member begins like that one. Text has no line breaks of its own.
const (
	opening  = "\n  \"findings\": ["
	none     = "]\n}\n"
	ending   = "\n  " + none
	indent   = "    "
	begins   = "\n" + indent + "{"
	ends     = "\n" + indent + "}"
	changeIs = `,"change":"`
)

// document is a result.json in parts.
type document struct {
	// head is everything up to and with the bracket that opens the findings.
	head   []byte
	result *findings.Result // without findings
	bodies []body
	// changes are how the findings stand to an earlier result, in their order; empty where
	// they were compared with none.
	changes []string
}

// body is a finding as it is kept: its identity, and its JSON without white space and
// without its change, which says more of two scans than of the finding.
type body struct {
	fingerprint [32]byte
	text        []byte
	identity    identity
}

// split takes a result.json apart, so that join gives the same bytes.
func split(data []byte) (*document, error) {
	at := bytes.Index(data, []byte(opening))
	if at < 0 {
		return nil, ErrForeignLayout
	}
	doc := &document{head: data[:at+len(opening)]}
	rest := data[at+len(opening):]
	var err error
	if doc.result, err = parseHead(doc.head); err != nil {
		return nil, err
	}
	if string(rest) == none {
		return doc, nil
	}
	var found [][]byte
	for {
		end := bytes.Index(rest, []byte(ends))
		if !bytes.HasPrefix(rest, []byte(begins)) || end < 0 {
			return nil, ErrForeignLayout
		}
		found = append(found, rest[len(begins)-1:end+len(ends)])
		rest = rest[end+len(ends):]
		if string(rest) == ending {
			return doc, doc.take(found)
		}
		if !bytes.HasPrefix(rest, []byte(",")) {
			return nil, ErrForeignLayout
		}
		rest = rest[1:]
	}
}

// parseHead reads what a result says without its findings.
func parseHead(head []byte) (*findings.Result, error) {
	return findings.ReadHead(bytes.NewReader(append(bytes.Clone(head), none...)))
}

// take makes the bodies of findings from their texts.
func (d *document) take(found [][]byte) error {
	d.bodies, d.changes = make([]body, len(found)), make([]string, len(found))
	const portion = 1000
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for first := 0; first < len(found); first += portion {
		group.Go(func() error {
			for i := first; i < min(first+portion, len(found)); i++ {
				var err error
				if d.bodies[i].text, d.changes[i], err = compact(found[i]); err == nil {
					d.bodies[i].identity, d.bodies[i].fingerprint, err = identify(d.bodies[i].text, d.result.Tenant.ID)
				}
				if err != nil {
					return fmt.Errorf("finding %d: %w", i, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := 1; i < len(d.bodies); i++ {
		if at := d.bodies[i].identity.place(); d.bodies[i-1].identity.place().compare(at) >= 0 {
			return fmt.Errorf("finding %d, of %s, is there twice or not in its place", i, at.rule)
		}
	}
	if !slices.ContainsFunc(d.changes, func(change string) bool { return change != "" }) {
		d.changes = nil
	}
	return nil
}

// compact takes the white space and the change out of a finding's text, and holds that
// expand gives the same text again.
func compact(text []byte) (finding []byte, change string, err error) {
	if finding, err = jsontext.AppendFormat(make([]byte, 0, len(text)), text, jsontext.PreserveRawStrings(true)); err != nil {
		return nil, "", err
	}
	if at := bytes.LastIndex(finding, []byte(changeIs)); at >= 0 {
		if word, last := bytes.CutSuffix(finding[at+len(changeIs):], []byte(`"}`)); last && !bytes.ContainsAny(word, `"\`) && len(word) > 0 {
			change = string(word)
			finding = append(finding[:at], '}')
		}
	}
	again, err := expand(make([]byte, 0, len(text)), finding, change)
	if err == nil && !bytes.Equal(again, text) {
		err = ErrForeignLayout
	}
	return finding, change, err
}

// expand appends a finding as it stands in a result.json.
func expand(out, finding []byte, change string) ([]byte, error) {
	if change != "" {
		finding = append(bytes.Clone(finding[:len(finding)-1]), changeIs+change+`"}`...)
	}
	return jsontext.AppendFormat(out, finding, jsontext.PreserveRawStrings(true), jsontext.Multiline(true), jsontext.WithIndent("  "), jsontext.WithIndentPrefix(indent))
}

// place is what the findings of a result are sorted by. No two have the same.
type place struct{ rule, kind, id string }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.rule, q.rule), cmp.Compare(p.kind, q.kind), cmp.Compare(p.id, q.id))
}

// identity is what tells a finding from others, and how bad it is.
type identity struct {
	Rule        string            `json:"rule"`
	Outcome     findings.Outcome  `json:"outcome"`
	Severity    findings.Severity `json:"severity"`
	Resource    findings.Resource `json:"resource"`
	Fingerprint string            `json:"fingerprint"`
}

func (f identity) place() place { return place{f.Rule, f.Resource.Kind, f.Resource.ID} }

// weight sorts findings: the rank of the severity, and waivedWeight more where it is waived.
func (f identity) weight() int {
	if f.Outcome == findings.Waived {
		return f.Severity.Rank() + waivedWeight
	}
	return f.Severity.Rank()
}

const waivedWeight = 10

// identify reads a finding's identity and its fingerprint, which must be that of its tenant,
// rule and resource.
func identify(text []byte, tenant string) (finding identity, fingerprint [32]byte, err error) {
	if err := json.Unmarshal(text, &finding); err != nil {
		return finding, fingerprint, err
	}
	if finding.Fingerprint != findings.Fingerprint(tenant, finding.Rule, finding.Resource) {
		return finding, fingerprint, fmt.Errorf("its fingerprint %q is not that of its rule and resource in tenant %s", finding.Fingerprint, tenant)
	}
	_, err = hex.Decode(fingerprint[:], []byte(finding.Fingerprint))
	return finding, fingerprint, err
}

// join puts a result.json together again from its head, and its findings in their order.
func join(head []byte, found [][]byte, changes []string) ([]byte, error) {
	if len(changes) > 0 && len(changes) != len(found) {
		return nil, errors.New("the number of findings is not what it was")
	}
	out := bytes.Clone(head)
	for i, finding := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, "\n"+indent...)
		change := ""
		if len(changes) > 0 {
			change = changes[i]
		}
		var err error
		if out, err = expand(out, finding, change); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return append(out, none...), nil
	}
	return append(out, ending...), nil
}

// maxHead bounds what the head of a result is taken for when it is read back.
const maxHead = 512 << 20

func pack(data []byte) ([]byte, error) {
	writer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	return writer.EncodeAll(data, nil), nil
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxHead))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return reader.DecodeAll(packed, nil)
}

func packWords(words []string) ([]byte, error) { return pack([]byte(strings.Join(words, "\n"))) }

func unpackWords(packed []byte) ([]string, error) {
	text, err := unpack(packed)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return strings.Split(string(text), "\n"), nil
}
