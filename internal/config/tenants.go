package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// maxTenants bounds the tenants of a configuration, and the files that they stand in.
const maxTenants = 10_000

// TenantDefaults are what tenants have that don't say it themselves.
type TenantDefaults struct {
	Cloud   string         `yaml:"cloud"`
	Auth    Auth           `yaml:"auth"`
	Proxy   string         `yaml:"proxy"`
	CAFile  string         `yaml:"ca_file"`
	Profile string         `yaml:"profile"`
	Params  map[string]any `yaml:"params"`
}

// loadTenants reads the tenants of the files that tenants_from names. One that is wrong is
// refused, and the others are taken: Refused says why.
func (c *Config) loadTenants() {
	names, ids := map[string]bool{}, map[string]bool{}
	for _, tenant := range c.Tenants {
		names[folderOf(tenant.Name)], ids[strings.ToLower(tenant.ID)] = true, true
	}
	for _, file := range c.tenantFiles() {
		for _, tenant := range c.readTenants(file) {
			c.complete(&tenant)
			errs := tenant.check()
			if names[folderOf(tenant.Name)] {
				errs = append(errs, fmt.Errorf("another tenant has the name %q, or one that differs in case alone", tenant.Name))
			}
			if ids[tenant.ID] {
				errs = append(errs, fmt.Errorf("another tenant has the id %s", tenant.ID))
			}
			if len(c.Tenants) >= maxTenants {
				errs = append(errs, fmt.Errorf("there are more than %d tenants", maxTenants))
			}
			for _, err := range errs {
				c.refuse("%s: %w", tenant.place, err)
			}
			if len(errs) == 0 {
				names[folderOf(tenant.Name)], ids[tenant.ID] = true, true
				c.Tenants = append(c.Tenants, tenant)
			}
		}
	}
}

func (c *Config) refuse(format string, args ...any) {
	c.Refused = append(c.Refused, fmt.Errorf(format, args...))
}

// Refusal is why tenants were refused, in at most a number of lines; nil if none was.
func (c *Config) Refusal(most int) error {
	errs := c.Refused
	if left := len(errs) - most; left > 0 {
		errs = append(slices.Clone(errs[:most]), fmt.Errorf("and %d more", left))
	}
	return errors.Join(errs...)
}

// Sift holds every tenant to a check. A tenant of tenants_from that fails is refused; what is
// wrong with one of the configuration itself is the error.
func (c *Config) Sift(check func(*Tenant) error) error {
	var kept []Tenant
	for i := range c.Tenants {
		tenant := &c.Tenants[i]
		switch err := tenant.Blame(check(tenant)); {
		case err == nil:
			kept = append(kept, *tenant)
		case tenant.place == "":
			return err
		default:
			c.Refused = append(c.Refused, err)
		}
	}
	c.Tenants = kept
	return nil
}

// Blame says of which tenant an error is, and where it stands; nil for none.
func (t *Tenant) Blame(err error) error {
	if err == nil {
		return nil
	}
	if !strings.Contains(err.Error(), "tenant "+t.Name+" ") {
		err = fmt.Errorf("tenant %s: %w", t.Name, err)
	}
	if t.place != "" {
		err = fmt.Errorf("%s: %w", t.place, err)
	}
	return err
}

// tenantFiles are the files that tenants_from names, in its order; those of one pattern
// sorted.
func (c *Config) tenantFiles() []string {
	var files []string
	known := map[string]bool{filepath.Clean(c.File): true}
	for _, pattern := range c.TenantsFrom {
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(literal(filepath.Dir(c.File)), path)
		}
		found, err := filepath.Glob(path)
		found = slices.DeleteFunc(found, func(file string) bool {
			taken := known[filepath.Clean(file)]
			known[filepath.Clean(file)] = true
			return taken
		})
		switch {
		case err != nil:
			c.refuse("tenants_from %q: %w", pattern, err)
		case len(found) == 0:
			// Also for a pattern: a folder that isn't there would take all its tenants away.
			c.refuse("tenants_from %q names no file, or none that is not named before", pattern)
		case len(files)+len(found) > maxTenants:
			c.refuse("tenants_from %q: there are more than %d files", pattern, maxTenants)
		default:
			files = append(files, found...)
		}
	}
	return files
}

// readTenants reads a file of tenants.
func (c *Config) readTenants(file string) []Tenant {
	data, err := readFound(file)
	var tenants []Tenant
	if err == nil {
		read := tenantsYAML
		if strings.EqualFold(filepath.Ext(file), ".csv") {
			read = tenantsCSV
		}
		tenants, err = read(data)
	}
	if err == nil && len(tenants) == 0 {
		// A table that was cut behind its head would take its tenants away in silence.
		err = errors.New("it holds no tenant")
	}
	if err != nil {
		for _, err := range joined(err) {
			c.refuse("%s: %w", file, err)
		}
	}
	for i := range tenants {
		tenants[i].dir, tenants[i].place = filepath.Dir(file), file+tenants[i].place
	}
	return tenants
}

// readFound reads a file that a pattern matched. Nobody named it: a pipe there may never end.
func readFound(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	return readText(file)
}

// joined are the errors that one was joined from.
func joined(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	return []error{err}
}

// complete gives a tenant what it doesn't say itself. Paths of defaults start at the
// configuration's folder.
func (c *Config) complete(tenant *Tenant) {
	// Evidence and findings compare the id as text, and Microsoft writes it this way.
	tenant.ID = strings.ToLower(tenant.ID)
	by := c.TenantDefaults
	path := func(file string) string {
		if absolute, err := filepath.Abs(c.Path(file)); err == nil && file != "" {
			return absolute
		}
		return file
	}
	fill := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	fill(&tenant.Cloud, by.Cloud)
	fill(&tenant.Proxy, by.Proxy)
	fill(&tenant.CAFile, path(by.CAFile))
	fill(&tenant.Profile, by.Profile)
	if len(by.Params) > 0 {
		params := maps.Clone(by.Params)
		maps.Copy(params, tenant.Params)
		tenant.Params = params
	}
	auth := &tenant.Auth
	if auth.Method != "" {
		return // a sign-in of its own
	}
	if auth.ClientSecretEnv == "" && auth.ClientSecretFile == "" {
		auth.ClientSecretEnv, auth.ClientSecretFile = by.Auth.ClientSecretEnv, path(by.Auth.ClientSecretFile)
	}
	if auth.CertificateFile == "" {
		auth.CertificateFile = path(by.Auth.CertificateFile)
		fill(&auth.CertificatePasswordEnv, by.Auth.CertificatePasswordEnv)
	}
	fill(&auth.Method, by.Auth.Method)
	fill(&auth.ClientID, by.Auth.ClientID)
	fill(&auth.ServiceConnectionID, by.Auth.ServiceConnectionID)
	fill(&auth.TokenFile, path(by.Auth.TokenFile))
}

// tenantsYAML reads one tenant, with the keys of an item of tenants, or a list of them. What
// is wrong with one is no error of the others.
func tenantsYAML(data []byte) (tenants []Tenant, err error) {
	// The parser panics over some texts that are no YAML.
	defer func() {
		if recover() != nil {
			tenants, err = nil, errors.New("the YAML can't be read; check its indentation, brackets, anchors and tags")
		}
	}()
	file, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, errors.New("it holds no tenant, or several documents; write one tenant or a list of them")
	}
	nodes := []ast.Node{file.Docs[0].Body}
	if list, several := nodes[0].(*ast.SequenceNode); several {
		nodes = list.Values
	}
	var errs []error
	for _, node := range nodes {
		tenant := Tenant{place: fmt.Sprintf(":%d", startOf(node))}
		if err := yaml.NodeToValue(node, &tenant, yaml.Strict()); err != nil {
			errs = append(errs, syntaxError(err))
			continue
		}
		tenants = append(tenants, tenant)
	}
	return tenants, errors.Join(errs...)
}

// startOf is the line where a node begins.
func startOf(node ast.Node) int {
	if all := members(node); len(all) > 0 {
		return all[0].Key.GetToken().Position.Line
	}
	return node.GetToken().Position.Line
}

// column is a column of a table of tenants: the key of a tenant that it stands for.
type column struct {
	key string
	set func(tenant *Tenant, cell string)
}

// columns lists the columns that a table of tenants may have. Lists are separated by |.
func columns() []column {
	text := func(key string, of func(*Tenant) *string) column {
		return column{key, func(tenant *Tenant, cell string) { *of(tenant) = cell }}
	}
	list := func(key string, of func(*Tenant) *[]string) column {
		return column{key, func(tenant *Tenant, cell string) {
			for part := range strings.SplitSeq(cell, "|") {
				if part = strings.TrimSpace(part); part != "" {
					*of(tenant) = append(*of(tenant), part)
				}
			}
		}}
	}
	return []column{
		text("name", func(t *Tenant) *string { return &t.Name }),
		text("id", func(t *Tenant) *string { return &t.ID }),
		text("cloud", func(t *Tenant) *string { return &t.Cloud }),
		list("groups", func(t *Tenant) *[]string { return &t.Groups }),
		text("profile", func(t *Tenant) *string { return &t.Profile }),
		text("proxy", func(t *Tenant) *string { return &t.Proxy }),
		text("ca_file", func(t *Tenant) *string { return &t.CAFile }),
		text("waivers", func(t *Tenant) *string { return &t.Waivers }),
		text("previous", func(t *Tenant) *string { return &t.Previous }),
		list("imports", func(t *Tenant) *[]string { return &t.Imports }),
		list("attestations", func(t *Tenant) *[]string { return &t.Attestations }),
		text("auth.method", func(t *Tenant) *string { return &t.Auth.Method }),
		text("auth.client_id", func(t *Tenant) *string { return &t.Auth.ClientID }),
		text("auth.client_secret_env", func(t *Tenant) *string { return &t.Auth.ClientSecretEnv }),
		text("auth.client_secret_file", func(t *Tenant) *string { return &t.Auth.ClientSecretFile }),
		text("auth.certificate_file", func(t *Tenant) *string { return &t.Auth.CertificateFile }),
		text("auth.certificate_password_env", func(t *Tenant) *string { return &t.Auth.CertificatePasswordEnv }),
		text("auth.service_connection_id", func(t *Tenant) *string { return &t.Auth.ServiceConnectionID }),
		text("auth.token_file", func(t *Tenant) *string { return &t.Auth.TokenFile }),
	}
}

// tenantsCSV reads a table with a tenant a line, as spreadsheets write it: separated by
// commas, semicolons or tabs, with empty lines and columns at its end. An error shows no cell,
// as a secret may stand in one by mistake.
func tenantsCSV(data []byte) (tenants []Tenant, err error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8; save it as CSV UTF-8")
	}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord, reader.TrimLeadingSpace = -1, true
	reader.Comma = separator(data)
	head, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty; its first line names the columns, such as name;id")
	}
	if err != nil {
		return nil, fmt.Errorf("reading its first line: %w", err)
	}
	chosen, err := chosenColumns(head)
	if err != nil {
		return nil, err
	}
	var errs []error
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return tenants, errors.Join(errs...)
		}
		if err != nil {
			errs = append(errs, err) // the next line may be sound
			continue
		}
		row, _ := reader.FieldPos(0)
		if !slices.ContainsFunc(cells, filled) {
			continue // spreadsheets leave such lines at the end
		}
		if len(cells) != len(head) {
			errs = append(errs, fmt.Errorf("line %d: it has %d cells, and the first line has %d", row, len(cells), len(head)))
			continue
		}
		if at := slices.IndexFunc(cells[len(chosen):], filled); at >= 0 {
			errs = append(errs, fmt.Errorf("line %d: cell %d stands in a column without a name", row, len(chosen)+at+1))
			continue
		}
		tenant := Tenant{place: fmt.Sprintf(":%d", row)}
		for i, column := range chosen {
			if cell := strings.TrimSpace(cells[i]); cell != "" {
				column.set(&tenant, cell)
			}
		}
		tenants = append(tenants, tenant)
	}
}

func filled(cell string) bool { return strings.TrimSpace(cell) != "" }

// separator is what stands between the cells of a table, by its first line: a semicolon where
// there is one, or a tab, or else a comma.
func separator(data []byte) rune {
	head, _, _ := bytes.Cut(data, []byte("\n"))
	for _, one := range ";\t" {
		if bytes.ContainsRune(head, one) {
			return one
		}
	}
	return ','
}

// chosenColumns are the columns that the first line of a table names; those without a name at
// its end are none.
func chosenColumns(head []string) ([]column, error) {
	for len(head) > 0 && !filled(head[len(head)-1]) {
		head = head[:len(head)-1]
	}
	known := columns()
	var chosen []column
	var errs []error
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		at := slices.IndexFunc(known, func(c column) bool { return c.key == name })
		switch {
		case at < 0:
			var names []string
			for _, c := range known {
				names = append(names, c.key)
			}
			errs = append(errs, fmt.Errorf("column %d is unknown; known are %s", i+1, strings.Join(names, ", ")))
		case slices.ContainsFunc(chosen, func(c column) bool { return c.key == name }):
			errs = append(errs, fmt.Errorf("column %d (%q) is there twice", i+1, name))
		default:
			chosen = append(chosen, known[at])
		}
	}
	for _, name := range []string{"name", "id"} {
		if !slices.ContainsFunc(chosen, func(c column) bool { return c.key == name }) {
			errs = append(errs, fmt.Errorf("there is no column %s; the first line names the columns", name))
		}
	}
	return chosen, errors.Join(errs...)
}
