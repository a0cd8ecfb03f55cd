package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/domicile-audit/domicile"
)

// secretFile is the file of the client secret that the configuration names.
const secretFile = "client-secret"

// RemediatorFile is the file of the secret of the application that may write, where the
// tenant has one. The configuration doesn't name it, as it only reads.
const RemediatorFile = "remediator-secret"

// previousFile is the result of an earlier scan, where the tenant has one.
const previousFile = "previous/result.json"

// firstWords and lastWords stand around the tenant's name in the first line of a
// configuration, by which simulate knows its own.
const (
	firstWords = "# The simulated tenant "
	lastWords  = "made by domicile simulate."
)

// WriteConfig writes into dir a configuration with which the server can be scanned:
// domicile.yaml, the authority's certificate, the client secrets (readable by their owner
// alone), and the tenant's imports, attestations and earlier result. An older configuration of simulate's
// is replaced together with its tenant's files; any other one is an error.
func (s *Server) WriteConfig(dir string) error {
	files := maps.Clone(s.tenant.files)
	if o := s.tenant.doc.Onboarding; o != nil && o.Source == "import" {
		p, err := s.parcel()
		if err != nil {
			return err
		}
		files["imports/mdatp_onboard.json"] = p.linux()
	}
	config, err := s.config(files)
	if err != nil {
		return fmt.Errorf("making the configuration: %w", err)
	}
	files["domicile.yaml"], files["ca.pem"] = config, s.CAPEM()
	if err := s.clear(dir, files); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
	}
	secrets := map[string]string{secretFile: s.tenant.doc.Client.Secret}
	if id, secret := s.tenant.Remediator(); id != "" {
		secrets[RemediatorFile] = secret
	}
	for _, file := range slices.Sorted(maps.Keys(secrets)) {
		if err := writeSecret(filepath.Join(dir, file), secrets[file]); err != nil {
			return fmt.Errorf("writing the client secret: %w", err)
		}
	}
	return nil
}

// clear removes from dir the files of the simulated tenant whose configuration is there
// and which files, about to be written, don't replace.
func (s *Server) clear(dir string, files map[string][]byte) error {
	older, err := os.ReadFile(filepath.Join(dir, "domicile.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(string(older), firstWords), "; ")
	if string(older) != firstWords+name+"; "+rest || !strings.HasPrefix(rest, lastWords) {
		return fmt.Errorf("%s holds a domicile.yaml that simulate didn't make; choose another folder", dir)
	}
	tenant, err := Load(domicile.Tenants(), name, s.now)
	if err != nil {
		return nil //nolint:nilerr // a tenant of another version, whose files aren't known
	}
	for file := range tenant.files {
		if files[file] != nil {
			continue
		}
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(file))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeSecret writes a file that only its owner can read, also where one stood before.
func writeSecret(path, secret string) error {
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

// config is domicile.yaml for the server.
func (s *Server) config(files map[string][]byte) ([]byte, error) {
	tenant := yaml.MapSlice{
		{Key: "name", Value: s.tenant.Name},
		{Key: "id", Value: s.tenant.ID},
		{Key: "cloud", Value: "custom"},
		{Key: "auth", Value: yaml.MapSlice{
			{Key: "method", Value: "client_secret"},
			{Key: "client_id", Value: s.tenant.doc.Client.ID},
			{Key: "client_secret_file", Value: secretFile},
		}},
		{Key: "endpoints", Value: yaml.MapSlice{
			{Key: "like", Value: s.tenant.Cloud},
			{Key: "login", Value: s.url},
			{Key: "graph", Value: s.url},
			{Key: "xdr", Value: s.url + "/xdr"},
			{Key: "mde", Value: s.url + "/mde"},
			{Key: "arm", Value: s.url + "/arm"},
			{Key: "ca_file", Value: "ca.pem"},
		}},
	}
	for _, folder := range []string{"imports", "attestations"} {
		for name := range files {
			if strings.HasPrefix(name, folder+"/") {
				tenant = append(tenant, yaml.MapItem{Key: folder, Value: []string{folder + "/*"}})
				break
			}
		}
	}
	if files[previousFile] != nil {
		tenant = append(tenant, yaml.MapItem{Key: "previous", Value: previousFile})
	}
	if id, _ := s.tenant.Remediator(); id != "" {
		tenant = append(tenant, yaml.MapItem{Key: "remediation", Value: yaml.MapSlice{{Key: "auth", Value: yaml.MapSlice{
			{Key: "method", Value: "client_secret"},
			{Key: "client_id", Value: id},
			{Key: "client_secret_file", Value: RemediatorFile},
		}}}})
	}
	document := yaml.MapSlice{{Key: "version", Value: 1}}
	if s.tenant.settings.Profile != "" {
		document = append(document, yaml.MapItem{Key: "profile", Value: s.tenant.settings.Profile})
	}
	if len(s.tenant.settings.Params) > 0 {
		document = append(document, yaml.MapItem{Key: "params", Value: ordered(s.tenant.settings.Params)})
	}
	document = append(document, yaml.MapItem{Key: "tenants", Value: []yaml.MapSlice{tenant}})
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s%s; %s\n", firstWords, s.tenant.Name, lastWords)
	data, err := yaml.MarshalWithOptions(document, yaml.IndentSequence(true))
	out.Write(data)
	return out.Bytes(), err
}

// ordered sorts the keys of a map, and of the maps in it, so that equal tenants give
// equal configurations.
func ordered(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := yaml.MapSlice{}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, yaml.MapItem{Key: key, Value: ordered(value[key])})
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = ordered(item)
		}
		return out
	default:
		return value
	}
}
