package scan

import (
	"context"
	"slices"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// Check signs in to the collection's tenant, reads its files, and foresees the manifest of
// the bundle: who is signed in, which of the kinds asked for can be read or are in a file,
// and of the others why not. It asks for tokens and for nothing of the tenant. The error is
// a failed sign-in's (a *collectors.AuthError), or the configuration's.
func Check(ctx context.Context, c Collection) (evidence.Manifest, error) {
	started := c.Now().UTC().Truncate(time.Second)
	inputs, err := c.inputs(started)
	if err != nil {
		return evidence.Manifest{}, err
	}
	client, err := c.connect(ctx, func(evidence.Request) {})
	if err != nil {
		return evidence.Manifest{}, err
	}
	defer client.Close()
	gaps, err := collectors.Check(ctx, client, inputs.tenant, c.Kinds)
	if err != nil {
		return evidence.Manifest{}, err
	}
	manifest := evidence.Manifest{Tenant: inputs.tenant, Reader: client.Reader(), Started: started, Finished: started, Asked: c.Kinds}
	for _, kind := range collectors.Required(c.Kinds) {
		entry, gap := foresee(kind, gaps, inputs.imported)
		if entry != nil {
			manifest.Kinds = append(manifest.Kinds, *entry)
		}
		if gap != nil {
			manifest.Gaps = append(manifest.Gaps, *gap)
		}
	}
	return manifest, nil
}

// foresee says what a bundle will hold of a kind. What a file gives stands in for what
// can't be read. A bundle without an earlier result lacks nothing.
func foresee(kind string, gaps []evidence.Gap, files []collectors.Imported) (*evidence.Entry, *evidence.Gap) {
	collected := len(collectors.Needs([]string{kind})) > 0
	lost := slices.IndexFunc(gaps, func(gap evidence.Gap) bool { return gap.Kind == kind })
	if collected && lost < 0 {
		return &evidence.Entry{Kind: kind, Complete: true}, nil
	}
	if at := slices.IndexFunc(files, func(file collectors.Imported) bool { return file.Kind == kind }); at >= 0 {
		file := files[at]
		if file.Objects == nil && !file.Complete {
			return nil, file.Gap
		}
		return &evidence.Entry{Kind: kind, Complete: file.Complete}, file.Gap
	}
	switch {
	case collected:
		return nil, &gaps[lost]
	case kind == evidence.PreviousResult:
		return nil, nil
	default:
		return nil, &evidence.Gap{Kind: kind, Reason: evidence.NotCollected, Message: "A person saves it, and no file of the configuration gives it."}
	}
}
