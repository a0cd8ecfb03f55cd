package scan

import (
	"context"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// Check signs in to the collection's tenant and says who is signed in, and which of the
// kinds asked for can't be read and why. It asks for tokens and for nothing of the tenant.
// The error is a failed sign-in's (a *collectors.AuthError), or the configuration's.
func Check(ctx context.Context, c Collection) (evidence.Reader, []evidence.Gap, error) {
	client, err := c.connect(ctx, func(evidence.Request) {})
	if err != nil {
		return evidence.Reader{}, nil, err
	}
	defer client.Close()
	gaps, err := collectors.Check(ctx, client, TenantOf(c.Tenant), c.Kinds)
	return client.Reader(), gaps, err
}
