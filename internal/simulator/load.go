package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/domicile-audit/domicile"
)

// maxBases bounds the chain of base tenants, so that a loop ends with a message.
const maxBases = 4

// Names lists the tenants that are built in, sorted.
func Names() []string {
	names, err := fs.Glob(domicile.Tenants(), "*/tenant.yaml")
	if err != nil {
		panic(err) // the pattern is a valid constant
	}
	for i, name := range names {
		names[i] = path.Dir(name)
	}
	slices.Sort(names)
	return names
}

// Load reads the tenant in the folder name of fsys, and the tenants that it is based
// on, with every relative time (now-40d) counted from now. Unknown keys, unknown names
// and references to nothing are errors that say where.
func Load(fsys fs.FS, name string, now time.Time) (*Tenant, error) {
	chain, err := readChain(fsys, name)
	if err != nil {
		return nil, err
	}
	merged := map[string]any{}
	config := settings{Version: 1, Params: map[string]any{}}
	files := map[string][]byte{}
	for i := len(chain) - 1; i >= 0; i-- {
		merged = merge(merged, chain[i].raw)
		if err := chain[i].addSettings(fsys, &config); err != nil {
			return nil, err
		}
		if err := chain[i].addFiles(fsys, files); err != nil {
			return nil, err
		}
	}
	delete(merged, "base")
	words := newVocabulary(merged, now)
	doc, err := toDocument(words.expand(merged))
	if err != nil {
		return nil, fmt.Errorf("reading tenant %s: %w", name, err)
	}
	config.Params, _ = words.expand(config.Params).(map[string]any)
	for file, data := range files {
		files[file] = words.expandText(data)
	}
	t := &Tenant{
		Name: name, ID: doc.ID, DisplayName: doc.DisplayName, Cloud: doc.Cloud,
		now: now, doc: doc, settings: config, files: files, extra: map[string]generated{},
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("reading tenant %s: %w", name, err)
	}
	return t, nil
}

// layer is one tenant.yaml of a chain of bases.
type layer struct {
	name string
	raw  map[string]any
	doc  document
}

// readChain reads the tenant and its bases, the tenant first.
func readChain(fsys fs.FS, name string) ([]layer, error) {
	var chain []layer
	for name != "" {
		if len(chain) == maxBases {
			return nil, fmt.Errorf("reading tenant %s: more than %d bases; is there a loop?", name, maxBases)
		}
		data, err := fs.ReadFile(fsys, path.Join(name, "tenant.yaml"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("tenant %q is not simulated; known are %s", name, strings.Join(Names(), ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("reading tenant %s: %w", name, err)
		}
		l, err := readLayer(name, data)
		if err != nil {
			return nil, fmt.Errorf("reading %s/tenant.yaml: %w", name, err)
		}
		chain = append(chain, l)
		name = l.doc.Base
	}
	return chain, nil
}

// readLayer reads a tenant.yaml twice: as a document, which finds unknown keys and says
// on which line, and as a map, which can be merged.
func readLayer(name string, data []byte) (layer, error) {
	l := layer{name: name, raw: map[string]any{}}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return layer{}, err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return layer{}, errors.New("want one YAML document")
	}
	body := file.Docs[0].Body
	if err := yaml.NodeToValue(body, &l.doc, yaml.Strict()); err != nil {
		return layer{}, err
	}
	return l, yaml.NodeToValue(body, &l.raw)
}

// addSettings lays the layer's domicile.yaml, if it has one, over config.
func (l layer) addSettings(fsys fs.FS, config *settings) error {
	data, err := fs.ReadFile(fsys, path.Join(l.name, "domicile.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s/domicile.yaml: %w", l.name, err)
	}
	var own settings
	if err := yaml.UnmarshalWithOptions(data, &own, yaml.Strict()); err != nil {
		return fmt.Errorf("reading %s/domicile.yaml: %w", l.name, err)
	}
	if own.Profile != "" {
		config.Profile = own.Profile
	}
	maps.Copy(config.Params, own.Params)
	maps.DeleteFunc(config.Params, func(_ string, v any) bool { return v == nil })
	return nil
}

// addFiles takes away the files that the layer doesn't want and adds its own.
func (l layer) addFiles(fsys fs.FS, files map[string][]byte) error {
	for file := range files {
		for _, pattern := range l.doc.Without {
			if ok, err := path.Match(pattern, file); err != nil {
				return fmt.Errorf("reading %s/tenant.yaml: pattern %q: %w", l.name, pattern, err)
			} else if ok {
				delete(files, file)
			}
		}
	}
	for _, folder := range []string{"imports", "attestations", "previous"} {
		names, err := fs.Glob(fsys, path.Join(l.name, folder, "*"))
		if err != nil {
			return fmt.Errorf("listing %s/%s: %w", l.name, folder, err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return fmt.Errorf("reading %s: %w", name, err)
			}
			files[path.Join(folder, path.Base(name))] = data
		}
	}
	return nil
}

// check finds what the YAML decoder can't: names and numbers out of range.
func (t *Tenant) check() error {
	clouds := []string{"global", "gcc", "gcchigh", "dod", "china"}
	if !slices.Contains(clouds, t.Cloud) {
		return fmt.Errorf("cloud is %q; want one of %s", t.Cloud, strings.Join(clouds, ", "))
	}
	if t.ID == "" || t.DisplayName == "" || t.doc.Client.ID == "" || t.doc.Client.Secret == "" {
		return errors.New("id, displayName, client.id and client.secret must be set")
	}
	if id, secret := t.Remediator(); (id == "") != (secret == "") || (id != "" && strings.EqualFold(id, t.doc.Client.ID)) {
		return errors.New("remediator: want an id of its own and a secret")
	}
	for _, f := range t.doc.Faults {
		if err := f.check(); err != nil {
			return err
		}
	}
	for _, r := range t.doc.Roles {
		if r.How != "assigned" && r.How != "activated" && r.How != "eligible" {
			return fmt.Errorf("role %s of %s: how is %q; want assigned, activated or eligible", r.Role, r.Principal, r.How)
		}
	}
	if o := t.doc.Onboarding; o != nil {
		if err := o.check(); err != nil {
			return err
		}
	}
	_, err := t.directory()
	return err
}

// toDocument reads a merged tenant.yaml, strictly. On the way it is JSON, which is YAML that
// quotes every string.
func toDocument(from any) (doc document, err error) {
	data, err := json.Marshal(from)
	if err != nil {
		return doc, err
	}
	return doc, yaml.UnmarshalWithOptions(data, &doc, yaml.Strict())
}
