package alerts

import (
	"errors"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

const (
	// patience is how long a receiver has to answer.
	patience = 15 * time.Second
	// maxHanging is how many sendings to a receiver may go on after that: some services can't be
	// stopped.
	maxHanging = 4
)

// Receiver is where an alert's digests are sent.
type Receiver struct {
	address string
	// Patience is how long it has to answer.
	Patience time.Duration
	hanging  chan struct{}
}

// NewReceiver is the receiver at an address as shoutrrr writes it, or at that of a workflow of
// Teams. An error shows nothing of the address, which holds secrets.
func NewReceiver(address string) (*Receiver, error) {
	r := &Receiver{address, patience, make(chan struct{}, maxHanging)}
	if strings.HasPrefix(address, "matrix://") {
		return r, nil // it would sign in, which is for when something is sent
	}
	if _, err := r.service(); err != nil {
		if errors.Is(err, router.ErrUnknownService) {
			return nil, errors.New("it names a service that isn't known; write it as shoutrrr does, such as slack://..., or teams+https://... (it isn't shown here, as it holds secrets)")
		}
		return nil, errors.New("it isn't one; write it as shoutrrr does, such as slack://..., or teams+https://... (it isn't shown here, as it holds secrets)")
	}
	return r, nil
}

// sender is what sends a message.
type sender interface {
	Send(message string, params *types.Params) error
}

func (r *Receiver) service() (_ sender, err error) {
	if strings.HasPrefix(r.address, workflowScheme) {
		return newWorkflow(r.address)
	}
	// The library panics for an address such as slack+https://... that isn't one.
	defer func() {
		if recover() != nil {
			err = errors.New("not an address of the service")
		}
	}()
	return new(router.ServiceRouter).Locate(r.address)
}

// Send sends a digest. An error says in its own words why it couldn't be: those of a library or
// of a receiver may hold the address. Each digest has a sender of its own, which some services
// change as they send.
func (r *Receiver) Send(title, body string) error {
	if strings.HasPrefix(r.address, "smtp://") {
		title, body = mail(title, body)
	}
	select {
	case r.hanging <- struct{}{}:
	default:
		return errors.New("the receiver hasn't answered what it was sent before")
	}
	ended := make(chan error, 1)
	go func() {
		defer func() { <-r.hanging }()
		service, err := r.service()
		if err == nil {
			params := types.Params{}
			params.SetTitle(title)
			err = service.Send(body, &params)
		}
		ended <- err
	}()
	late := time.NewTimer(r.Patience)
	defer late.Stop()
	select {
	case err := <-ended:
		if err != nil {
			return errors.New(why(err))
		}
		return nil
	case <-late.C:
		return errors.New("the receiver didn't answer in time")
	}
}

// maxLine is how many bytes a line of a mail has: servers refuse 999.
const maxLine = 900

// mail makes a digest one that every mail server takes: its subject in ASCII, and all lines short.
func mail(title, body string) (subject, text string) {
	var lines []string
	for line := range strings.SplitSeq(body, "\n") {
		for len(line) > maxLine {
			end := runeStart(line, maxLine)
			lines, line = append(lines, line[:end]), line[end:]
		}
		lines = append(lines, line)
	}
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", title), "?= =?", "?=\r\n =?"), strings.Join(lines, "\n")
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 1 << 20

// errLed says that a receiver leads elsewhere.
var errLed = errors.New("what was posted is led elsewhere")

// Guard makes a client one that waits for no answer for ever, reads of each no more than it needs
// to, and takes no posted message to another address, which would answer a mere question that all
// is well. The services of shoutrrr have no client but http.DefaultClient.
func Guard(client *http.Client) {
	client.Timeout = 2 * patience
	client.Transport = short{}
	client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		switch {
		case via[0].Method != http.MethodGet && via[0].Method != http.MethodHead:
			return errLed
		case len(via) >= 10:
			return errors.New("it is led elsewhere again and again")
		}
		return nil
	}
}

// short cuts answers.
type short struct{}

// RoundTrip implements http.RoundTripper.
func (short) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}

var (
	// status is an answer's status in the words of a library, and address an address in them.
	status  = regexp.MustCompile(`\b(?:status|code|unexpected|[Rr]esponse)\b\D{0,40}\b([1-5][0-9][0-9])\b`)
	address = regexp.MustCompile(`"[a-z]+:[^"]*"`)
)

// causes are why something couldn't be sent, by what an error says then.
var causes = []struct{ says, means string }{
	{errLed.Error(), "the receiver leads elsewhere, which nothing is sent to: write that address"},
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
	said := address.ReplaceAllString(err.Error(), "")
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
