package simulator

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// secretFile is the file of the client secret that the configuration names.
const secretFile = "client-secret"

// WriteConfig writes into dir a configuration with which the server can be scanned:
// domicile.yaml, the authority's certificate, the client secret (readable by its owner
// alone), and the tenant's imports and attestations. An older configuration is replaced.
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
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			return fmt.Errorf("writing the configuration: %w", err)
		}
	}
	if err := writeSecret(filepath.Join(dir, secretFile), s.tenant.doc.Client.Secret); err != nil {
		return fmt.Errorf("writing the client secret: %w", err)
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
	document := yaml.MapSlice{{Key: "version", Value: 1}}
	if s.tenant.settings.Profile != "" {
		document = append(document, yaml.MapItem{Key: "profile", Value: s.tenant.settings.Profile})
	}
	if len(s.tenant.settings.Params) > 0 {
		document = append(document, yaml.MapItem{Key: "params", Value: ordered(s.tenant.settings.Params)})
	}
	document = append(document, yaml.MapItem{Key: "tenants", Value: []yaml.MapSlice{tenant}})
	var out bytes.Buffer
	fmt.Fprintf(&out, "# The simulated tenant %s; made by domicile simulate.\n", s.tenant.Name)
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
