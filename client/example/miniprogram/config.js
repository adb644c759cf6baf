// Where the backend is. `make dev` listens on port 9000; a published mini-program needs https and a domain on WeChat's lists.
module.exports = {
  baseUrl: 'http://127.0.0.1:9000',
}
