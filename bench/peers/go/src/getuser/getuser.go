// Package getuser is the job of the Go peers: check an access token, read the user, answer and write one log line.
package getuser

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/golang-jwt/jwt"
)

const (
	route    = "GET /v1/users/me"
	leeway   = 30
	lifetime = 15 * 60
)

// Service holds what outlives a request.
type Service struct {
	dynamodb *dynamodb.Client
	table    string
	keys     map[string]ed25519.PublicKey
	parser   *jwt.Parser
	issuer   string
	audience string
	cold     bool
}

// Response is the answer to one request.
type Response struct {
	Status      int
	ContentType string
	Body        []byte
}

type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	IssuedAt  *int64 `json:"iat"`
	NotBefore *int64 `json:"nbf"`
	Expires   *int64 `json:"exp"`
	Epoch     *int64 `json:"epoch"`
}

// Valid checks the times; the library calls it.
func (c *claims) Valid() error {
	if c.IssuedAt == nil || c.NotBefore == nil || c.Expires == nil || c.Epoch == nil {
		return errors.New("incomplete")
	}
	now := time.Now().Unix()
	if now >= *c.Expires+leeway || *c.NotBefore > now+leeway || *c.IssuedAt > now+leeway || *c.Expires-*c.IssuedAt > lifetime {
		return errors.New("not good now")
	}
	return nil
}

type user struct {
	ID        string  `json:"id"`
	Nickname  *string `json:"nickname"`
	AvatarURL *string `json:"avatar_url"`
	Username  *string `json:"username"`
	Email     *string `json:"email"`
	Phone     *string `json:"phone"`
	Role      string  `json:"role"`
	Status    string  `json:"status"`
	CreatedAt string  `json:"created_at"`
	UpdatedAt string  `json:"updated_at"`
	Version   int64   `json:"version"`
}

type metric struct {
	Name string
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type emf struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

type line struct {
	AWS        emf     `json:"_aws"`
	Code       string  `json:"code,omitempty"`
	ColdStart  bool    `json:"cold_start"`
	ColdStarts float64 `json:"cold_starts,omitempty"`
	DurationMs float64 `json:"duration_ms"`
	Function   string  `json:"function"`
	Level      string  `json:"level"`
	Message    string  `json:"message"`
	RequestID  string  `json:"request_id"`
	Route      string  `json:"route"`
	Status     int     `json:"status"`
	Timestamp  string  `json:"timestamp"`
}

// wholeBodies sends bodies from memory. The SDK closes a body as soon as the answer's head is there; up to smithy-go 1.13
// at least, net/http then drops the connection if it has not yet seen the body's end, which a fast answer does not give
// it time for.
type wholeBodies struct{ client dynamodb.HTTPClient }

func (w wholeBodies) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.client.Do(request)
}

// New reads the environment and makes the client.
func New(ctx context.Context) (*Service, error) {
	keys, err := publicKeys(os.Getenv("JWT_JWKS"))
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.HTTPClient = wholeBodies{o.HTTPClient}
		// Releases before 1.22 do not read this variable themselves.
		if url := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); url != "" {
			o.EndpointResolver = dynamodb.EndpointResolverFromURL(url)
		}
	})
	return &Service{
		dynamodb: client,
		table:    os.Getenv("TABLE_NAME"),
		keys:     keys,
		parser:   jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"})),
		issuer:   os.Getenv("JWT_ISSUER"),
		audience: os.Getenv("JWT_AUDIENCE"),
		cold:     true,
	}, nil
}

func publicKeys(text string) (map[string]ed25519.PublicKey, error) {
	var jwks struct {
		Keys []struct{ Kty, Crv, Kid, X string }
	}
	if err := json.Unmarshal([]byte(text), &jwks); err != nil {
		return nil, fmt.Errorf("JWT_JWKS: %w", err)
	}
	keys := make(map[string]ed25519.PublicKey, len(jwks.Keys))
	for _, jwk := range jwks.Keys {
		x, err := base64.RawURLEncoding.DecodeString(jwk.X)
		if err != nil || jwk.Kty != "OKP" || jwk.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("JWT_JWKS holds a key that is not Ed25519")
		}
		keys[jwk.Kid] = x
	}
	return keys, nil
}

// Handle does the job once. Calls must not overlap, as invocations of one environment do not.
func (s *Service) Handle(ctx context.Context, authorization, requestID string) Response {
	cold := s.cold
	s.cold = false
	return s.HandleCold(ctx, authorization, requestID, cold)
}

// HandleCold is Handle for servers, whose requests overlap and are never cold.
func (s *Service) HandleCold(ctx context.Context, authorization, requestID string, cold bool) Response {
	started := time.Now()
	status, code, found := s.user(ctx, authorization)
	response := Response{Status: status, ContentType: "application/json"}
	var body interface{} = found
	if found == nil {
		response.ContentType = "application/problem+json"
		body = map[string]interface{}{"status": status, "code": code}
	}
	response.Body, _ = json.Marshal(body)
	write(started, cold, status, code, requestID)
	return response
}

func (s *Service) user(ctx context.Context, authorization string) (int, string, *user) {
	claims, err := s.verify(authorization)
	if err != nil {
		return http.StatusUnauthorized, "unauthorized", nil
	}
	output, err := s.dynamodb.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(s.table),
		ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "U#" + claims.Subject},
			"sk": &types.AttributeValueMemberS{Value: "A"},
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return http.StatusServiceUnavailable, "temporarily_unavailable", nil
	}
	item := output.Item
	status := text(item, "status")
	switch {
	case status == nil || number(item, "epoch") != *claims.Epoch:
		return http.StatusUnauthorized, "unauthorized", nil
	case *status == "disabled":
		return http.StatusForbidden, "account_disabled", nil
	case *status != "active":
		return http.StatusUnauthorized, "unauthorized", nil
	}
	role := text(item, "role")
	if role == nil {
		return http.StatusInternalServerError, "internal", nil
	}
	return http.StatusOK, "", &user{
		ID:        claims.Subject,
		Nickname:  text(item, "nickname"),
		Username:  text(item, "username"),
		Email:     text(item, "email"),
		Phone:     text(item, "phone"),
		Role:      *role,
		Status:    *status,
		CreatedAt: timestamp(number(item, "created_at")),
		UpdatedAt: timestamp(number(item, "updated_at")),
		Version:   number(item, "version"),
	}
}

func (s *Service) verify(authorization string) (*claims, error) {
	parts := strings.SplitN(authorization, " ", 2)
	if len(parts) != 2 || !strings.EqualFold(parts[0], "bearer") {
		return nil, errors.New("no bearer token")
	}
	var found claims
	_, err := s.parser.ParseWithClaims(parts[1], &found, func(token *jwt.Token) (interface{}, error) {
		kid, _ := token.Header["kid"].(string)
		key, known := s.keys[kid]
		if !known || token.Header["typ"] != "at+jwt" || token.Header["crit"] != nil {
			return nil, errors.New("not an access token of ours")
		}
		return key, nil
	})
	if err == nil && (found.Issuer != s.issuer || found.Audience != s.audience || found.Subject == "") {
		err = errors.New("not for us")
	}
	return &found, err
}

func text(item map[string]types.AttributeValue, name string) *string {
	if value, ok := item[name].(*types.AttributeValueMemberS); ok {
		return &value.Value
	}
	return nil
}

func number(item map[string]types.AttributeValue, name string) int64 {
	if value, ok := item[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(value.Value, 10, 64)
		return n
	}
	return 0
}

func timestamp(millis int64) string {
	return time.UnixMilli(millis).UTC().Format(time.RFC3339Nano)
}

func write(started time.Time, cold bool, status int, code, requestID string) {
	metrics := []metric{{"duration_ms", "Milliseconds"}}
	entry := line{
		Code:       code,
		ColdStart:  cold,
		DurationMs: float64(time.Since(started).Milliseconds()),
		Function:   "users",
		Level:      "INFO",
		Message:    fmt.Sprintf("%s answered %d", route, status),
		RequestID:  requestID,
		Route:      route,
		Status:     status,
		Timestamp:  timestamp(started.UnixMilli()),
	}
	if status >= 500 {
		entry.Level = "ERROR"
	}
	if cold {
		entry.ColdStarts = 1
		metrics = append(metrics, metric{"cold_starts", "Count"})
	}
	entry.AWS = emf{
		Timestamp: started.UnixMilli(),
		CloudWatchMetrics: []directive{{
			Namespace:  "WechatMiniProgram",
			Dimensions: [][]string{{"function"}, {"function", "route"}},
			Metrics:    metrics,
		}},
	}
	text, _ := json.Marshal(entry)
	_, _ = os.Stdout.Write(append(text, '\n'))
}
