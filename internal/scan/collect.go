package scan

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/graph"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

// Collection says what is collected and from where.
type Collection struct {
	// Tenant is the tenant to read; nil for a collection of imports alone.
	Tenant *config.Tenant
	// Imports are files besides those that the tenant's configuration names.
	Imports []string
	// Previous is the result.json of an earlier scan, or the bundle before this one; empty for
	// the one that the tenant's configuration names, if any.
	Previous string
	// Since is the folder of an earlier bundle of the tenant: where the service tells, only what
	// has changed since then is read. There may be nothing in it yet. Empty reads everything.
	Since string
	// Cloud is the cloud of a collection of imports alone, where the files don't say it.
	Cloud string
	// Kinds are the kinds asked for; empty for all.
	Kinds []string
	// MaxWait is how long one request may wait for a service that is busy; zero or less
	// means not at all.
	MaxWait time.Duration
	// Resume goes on with a collection of the tenant that was interrupted, if there is one.
	Resume bool
	Tool   string
	// Key signs the bundle; nil for none. Trust are the keys whose signatures count.
	// Require refuses an earlier result or bundle that none of them signed.
	Key     *signing.Key
	Trust   signing.Trust
	Require bool
	// Pseudonyms take the place of what tells who somebody is; nil leaves everything as it is.
	Pseudonyms *pseudonym.Key
	// Now tells the time; Getenv looks up the environment.
	Now    func() time.Time
	Getenv func(string) string
	// Prompt is where a device code is shown.
	Prompt io.Writer
	// Allow, if set, may keep each request to the tenant back with an error.
	Allow    func() error
	Log      *slog.Logger
	Progress func(collectors.Progress)
	// Reading and Observe are as in collectors.Options and graph.Options; they may be nil.
	Reading func(ctx context.Context, kind string) context.Context
	Observe func(ctx context.Context, attempt graph.Attempt)
	// Notice is told what became of an interrupted collection; it may be nil.
	Notice func(string)
}

// Collect reads a tenant, or files, into the bundle dir. What can't be read is a gap in
// the manifest that it returns; the error is for a folder in use, files that can't be
// understood, an earlier or interrupted collection of something else, a failed sign-in (a
// *collectors.AuthError) or a cancelled context, and leaves whatever stood under dir
// untouched.
func Collect(ctx context.Context, dir string, c Collection) (evidence.Manifest, error) {
	if c.Tenant == nil && c.Since != "" {
		return evidence.Manifest{}, errors.New("files are read whole, and a tenant alone has changes; leave out --since, or name the tenant")
	}
	now := c.Now().UTC().Truncate(time.Second)
	before := c.interrupted(dir, now)
	started := now
	if c.Resume && before.unfit == "" {
		started = before.left.Manifest.Started
	}
	inputs, err := c.inputs(started)
	if err != nil {
		return evidence.Manifest{}, err
	}
	kinds := c.Kinds
	if c.Tenant == nil {
		kinds = importedKinds(inputs.imported)
	} else if len(kinds) == 0 {
		kinds = collectors.Default(inputs.tenant.Cloud)
	}
	since, done, err := c.since(inputs.tenant)
	if err != nil {
		return evidence.Manifest{}, err
	}
	defer done() //nolint:errcheck // a temporary folder, which the system clears
	manifest := evidence.Manifest{Tenant: inputs.tenant, Tool: c.Tool, Started: started, Asked: sortedSet(slices.Clone(kinds))}
	manifest.Previous = inputs.previous
	if since != nil && since.Manifest.Version > 0 {
		manifest.Previous = since.Manifest.Digest()
	}
	if c.Pseudonyms != nil {
		since = nil // links for the next time may hold what is replaced
	}
	writer, err := c.begin(dir, manifest, before, now)
	if err != nil {
		return evidence.Manifest{}, err
	}
	writer.Sign(c.Key)
	writer.Pseudonymise(c.Pseudonyms)
	err = c.read(ctx, writer, collectors.Options{
		Tenant: inputs.tenant, Now: started, Kinds: kinds, Import: inputs.imported,
		Packages: inputs.options, Since: since, Reading: c.Reading, Progress: c.Progress,
	})
	if err != nil {
		return evidence.Manifest{}, errors.Join(err, writer.Abort())
	}
	return writer.Close(c.Now().UTC().Truncate(time.Second))
}

// read signs in and reads the tenant, or only writes the imports where there is none.
func (c Collection) read(ctx context.Context, writer *evidence.Writer, o collectors.Options) error {
	if c.Tenant == nil {
		return collectors.Collect(ctx, nil, writer, o)
	}
	client, err := c.connect(ctx, writer.Request)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := writer.Reader(client.Reader()); err != nil {
		return err
	}
	err = collectors.Collect(ctx, client, writer, o)
	// Only now are the tokens of all APIs known, and with them all that the reader may.
	return errors.Join(err, writer.Reader(client.Reader()))
}

// connect signs in to the tenant, with every request noted in the bundle.
func (c Collection) connect(ctx context.Context, record func(evidence.Request)) (*graph.Client, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	options.Record, options.Observe = record, c.Observe
	return graph.Connect(ctx, options)
}

// ConnectWriter signs in to the collection's tenant to make changes.
func (c Collection) ConnectWriter(ctx context.Context) (*graph.Writer, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	return graph.ConnectWriter(ctx, options)
}

func (c Collection) options() (graph.Options, error) {
	options, err := Connection(c.Tenant, c.Getenv)
	if err != nil {
		return options, err
	}
	options.MaxWait, options.Now, options.Prompt, options.Log, options.Allow = c.MaxWait, c.Now, c.Prompt, c.Log, c.Allow
	if options.MaxWait <= 0 {
		options.MaxWait = -1 // zero would stand for the default of ten minutes
	}
	return options, nil
}

// Connection turns a tenant's configuration into the options of a connection, with its
// secrets read.
func Connection(tenant *config.Tenant, getenv func(string) string) (graph.Options, error) {
	cloud, err := cloudOf(tenant)
	if err != nil {
		return graph.Options{}, err
	}
	auth := graph.Auth{
		Method: graph.Method(tenant.Auth.Method), ClientID: tenant.Auth.ClientID,
		ServiceConnectionID: tenant.Auth.ServiceConnectionID, TokenFile: tenant.Path(tenant.Auth.TokenFile),
		Getenv: getenv,
	}
	switch auth.Method {
	case graph.ClientSecret:
		if auth.Secret, err = tenant.Secret(getenv); err != nil {
			return graph.Options{}, err
		}
	case graph.Certificate:
		if auth.Certificate, auth.CertificatePassword, err = tenant.Certificate(getenv); err != nil {
			return graph.Options{}, err
		}
	case graph.AzurePipelines:
		auth.SystemAccessToken = getenv("SYSTEM_ACCESSTOKEN")
	default: // the other methods take no secret from the configuration
	}
	ca, err := tenant.CA()
	if err != nil {
		return graph.Options{}, err
	}
	return graph.Options{TenantID: tenant.ID, Cloud: cloud, Auth: auth, Proxy: tenant.Proxy, CA: ca}, nil
}

func cloudOf(tenant *config.Tenant) (graph.Cloud, error) {
	if tenant.Cloud != config.Custom {
		return graph.CloudByName(tenant.Cloud)
	}
	e := tenant.Endpoints
	return graph.Custom(e.Like, graph.Endpoints{Login: e.Login, Graph: e.Graph, XDR: e.XDR, MDE: e.MDE, ARM: e.ARM})
}

// TenantOf is a configured tenant as evidence names it: a custom cloud is called by the
// cloud that it stands for.
func TenantOf(tenant *config.Tenant) evidence.Tenant {
	cloud := tenant.Cloud
	if cloud == config.Custom {
		cloud = tenant.Endpoints.Like
	}
	return evidence.Tenant{ID: tenant.ID, Name: tenant.Name, Cloud: cloud}
}

// inputs are the files of a collection, read.
type inputs struct {
	tenant   evidence.Tenant
	options  collectors.ImportOptions
	imported []collectors.Imported
	// previous is the digest of the bundle before; empty for none.
	previous string
}

// inputs reads the files that the collection names and settles which tenant they are
// of: the configuration's, or the one that the files themselves name.
func (c Collection) inputs(now time.Time) (inputs, error) {
	in := inputs{options: collectors.ImportOptions{Now: now, Trust: c.Trust, Pseudonyms: c.Pseudonyms}}
	files, attestations := c.Imports, []string(nil)
	if c.Tenant != nil {
		in.tenant = TenantOf(c.Tenant)
		if c.Tenant.Cloud == config.Custom {
			roots, err := customRoots(c.Tenant)
			if err != nil {
				return in, err
			}
			in.options.Roots = roots
		}
		named, err := c.Tenant.Glob(c.Tenant.Imports)
		if err != nil {
			return in, err
		}
		files = append(named, files...)
		if attestations, err = c.Tenant.Glob(c.Tenant.Attestations); err != nil {
			return in, err
		}
	}
	in.learn(evidence.Tenant{Cloud: c.Cloud})
	if err := in.readImports(files); err != nil {
		return in, err
	}
	if in.tenant.ID == "" {
		return in, errors.New("none of the files says which tenant it is of; name the tenant with --config and --tenant")
	}
	if in.tenant.Cloud == "" {
		return in, errors.New("none of the files says which cloud the tenant is in; name it with --cloud, or the tenant with --config and --tenant")
	}
	in.tenant.Name = cmp.Or(in.tenant.Name, in.tenant.ID)
	in.options.Tenant = in.tenant
	return in, errors.Join(in.readAttestations(attestations), in.readPrevious(c.previous(), &Signatures{Required: c.Require}))
}

// previous is the path of the earlier result: the collection's, or the configuration's.
func (c Collection) previous() string {
	if c.Previous == "" && c.Tenant != nil {
		return c.Tenant.Path(c.Tenant.Previous)
	}
	return c.Previous
}

func (in *inputs) readImports(paths []string) error {
	files, err := readFiles(paths)
	if err != nil {
		return err
	}
	var read []collectors.Import
	for _, file := range files {
		imported, err := collectors.ImportFile(file, in.options)
		if err != nil {
			return err
		}
		if id := imported.Tenant.ID; id != "" && in.tenant.ID != "" && !strings.EqualFold(id, in.tenant.ID) {
			return fmt.Errorf("importing %s: it is of tenant %s, and not of %s", file.Name, id, in.tenant.ID)
		}
		in.learn(imported.Tenant)
		read = append(read, imported)
	}
	in.imported, err = collectors.Join(read)
	return err
}

// readPrevious reads the result of an earlier scan, or the bundle before this one, if one is
// named.
func (in *inputs) readPrevious(path string, proof *Signatures) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || evidence.IsPacked(path) {
		before, done, err := earlier(path, in.tenant, in.options.Trust)
		if err != nil {
			return fmt.Errorf("%w; name it with --previous, or leave it out", err)
		}
		in.previous = before.Manifest.Digest()
		return errors.Join(proof.Demand(path, before.Signers), done())
	}
	files, err := readFiles([]string{path})
	if err != nil {
		return err
	}
	if files[0].Envelope, err = ReadEnvelope(path); err != nil {
		return err
	}
	var result struct {
		Digests struct {
			Evidence string `json:"evidence"`
		} `json:"digests"`
	}
	if proof.Required {
		_, signers, err := verifyFile(path, sumOf(files[0].Data), signing.Result, in.options.Trust)
		if err == nil {
			err = proof.Demand(path, signers)
		}
		if err != nil {
			return fmt.Errorf("reading the earlier result: %w", err)
		}
	}
	previous, err := collectors.ReadPrevious(files[0], in.options)
	if err != nil {
		return fmt.Errorf("reading the earlier result %s: %w", path, err)
	}
	in.imported = append(in.imported, previous)
	// What can't be read here ReadPrevious has refused.
	_ = json.Unmarshal(files[0].Data, &result)
	in.previous = result.Digests.Evidence
	return nil
}

// learn takes what a file says of the tenant where nothing was known yet.
func (in *inputs) learn(said evidence.Tenant) {
	in.tenant.ID = cmp.Or(in.tenant.ID, strings.ToLower(said.ID))
	in.tenant.Name = cmp.Or(in.tenant.Name, said.Name)
	in.tenant.Cloud = cmp.Or(in.tenant.Cloud, said.Cloud)
	in.options.Tenant = in.tenant
}

// readAttestations reads the statements; the kind is always there, empty without any.
func (in *inputs) readAttestations(paths []string) error {
	paths = slices.DeleteFunc(paths, func(path string) bool { return strings.HasSuffix(path, envelopeEnding) })
	files, err := readFiles(paths)
	if err != nil {
		return err
	}
	for i, path := range paths {
		if files[i].Envelope, err = ReadEnvelope(path); err != nil {
			return err
		}
	}
	statements, err := collectors.ReadAttestations(files, in.options)
	if err != nil {
		return err
	}
	in.imported = append(in.imported, statements)
	return nil
}

func readFiles(paths []string) ([]collectors.File, error) {
	files := make([]collectors.File, 0, len(paths))
	for _, path := range paths {
		file, err := ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("importing %s: %w", path, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// ReadFile reads a file that a person saved. No more is read than tells that it is too
// large: the path may be of a device or a pipe, which have no size and may have no end.
func ReadFile(path string) (collectors.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return collectors.File{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return collectors.File{}, errors.New("it is a folder; name the file")
	}
	data, err := io.ReadAll(io.LimitReader(file, collectors.MaxImportBytes+1))
	return collectors.File{Name: filepath.Base(path), Data: data}, err
}

// customRoots are the authorities that vouch for onboarding packages of a custom cloud:
// its own. Real clouds' packages are vouched for by Microsoft's alone.
func customRoots(tenant *config.Tenant) (*x509.CertPool, error) {
	ca, err := tenant.CA()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return roots, nil
}

func importedKinds(imported []collectors.Imported) []string {
	var kinds []string
	for _, i := range imported {
		kinds = append(kinds, i.Kind)
	}
	return sortedSet(kinds)
}
