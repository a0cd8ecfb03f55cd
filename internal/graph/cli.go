package graph

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// freshFor is how long before its expiry a kept token is no longer used.
const freshFor = 5 * time.Minute

// keptTokens keeps the tokens of a credential that keeps none itself: the one of the
// Azure CLI starts the az command for each token.
type keptTokens struct {
	next azcore.TokenCredential
	now  func() time.Time

	mu   sync.Mutex
	kept map[string]azcore.AccessToken
}

func newKeptTokens(next azcore.TokenCredential, now func() time.Time) *keptTokens {
	return &keptTokens{next: next, now: now, kept: make(map[string]azcore.AccessToken)}
}

// GetToken returns the kept token of the scope, or a new one where there is none, it is
// about to expire, or claims are asked for.
func (k *keptTokens) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	scope := options.Scopes[0]
	if token, ok := k.kept[scope]; ok && options.Claims == "" && k.now().Add(freshFor).Before(token.ExpiresOn) {
		return token, nil
	}
	token, err := k.next.GetToken(ctx, options)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	k.kept[scope] = token
	return token, nil
}
