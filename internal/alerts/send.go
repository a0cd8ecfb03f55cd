package alerts

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr"
	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// patience is how long a receiver has to answer.
const patience = 15 * time.Second

// Receiver is where an alert's digests are sent.
type Receiver struct {
	address string
	// Patience is how long it has to answer.
	Patience time.Duration
}

// NewReceiver is the receiver at an address as shoutrrr writes it. An error shows nothing of the
// address, which holds secrets.
func NewReceiver(address string) (*Receiver, error) {
	r := &Receiver{address, patience}
	if strings.HasPrefix(address, "matrix://") {
		return r, nil // it would sign in, which is for when something is sent
	}
	if _, err := r.sender(); err != nil {
		if errors.Is(err, router.ErrUnknownService) {
			return nil, errors.New("it names a service that isn't known; write it as shoutrrr does, such as slack://... (it isn't shown here, as it holds secrets)")
		}
		return nil, errors.New("it isn't one; write it as shoutrrr does, such as slack://... (it isn't shown here, as it holds secrets)")
	}
	return r, nil
}

func (r *Receiver) sender() (*router.ServiceRouter, error) {
	sender, err := shoutrrr.CreateSender(r.address)
	if err != nil {
		return nil, err
	}
	sender.Timeout = r.Patience
	return sender, nil
}

// Send sends a digest. An error says in its own words why it couldn't be: those of a library or
// of a receiver may hold the address. Each digest has a sender of its own, which some services
// change as they send.
func (r *Receiver) Send(title, body string) error {
	sender, err := r.sender()
	if err != nil {
		return errors.New(why(err))
	}
	params := types.Params{}
	params.SetTitle(title)
	if err := errors.Join(sender.Send(body, &params)...); err != nil {
		return errors.New(why(err))
	}
	return nil
}

// status is an answer's status in the words of a library.
var status = regexp.MustCompile(`\b(?:status|code|unexpected|[Rr]esponse)\b\D{0,40}\b([1-5][0-9][0-9])\b`)

// causes are why something couldn't be sent, by what an error says then.
var causes = []struct{ says, means string }{
	{router.ErrServiceTimeout.Error(), "the receiver didn't answer in time"},
	{"deadline exceeded", "the receiver didn't answer in time"},
	{"timeout", "the receiver didn't answer in time"},
	{"connection refused", "nobody listens at the receiver's address"},
	{"connection reset", "the receiver closed the connection"},
	{"EOF", "the receiver closed the connection"},
	{"no such host", "the receiver's name isn't known"},
	{"x509: ", "the receiver's certificate isn't trusted"},
}

// why says why something couldn't be sent, and repeats nothing of what the error says but the
// number of a status: some of the library's errors have lost what they wrap but for its words.
func why(err error) string {
	said := err.Error()
	if number := status.FindStringSubmatch(said); number != nil {
		return "the receiver answered " + number[1]
	}
	for _, cause := range causes {
		if strings.Contains(said, cause.says) {
			return cause.means
		}
	}
	return "the receiver didn't take it (its answer isn't shown, as it may hold secrets)"
}
