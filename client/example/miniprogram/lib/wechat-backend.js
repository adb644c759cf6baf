// Generated from client/src by `make client`.
'use strict';
var __awaiter = (this && this.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};
/** What every promise of the client rejects with. */
class ApiError extends Error {
    constructor(kind, message, details = {}) {
        super(message);
        this.name = 'ApiError';
        this.kind = kind;
        this.status = details.status || 0;
        this.code = details.code;
        this.fields = details.fields || [];
        this.retryAfter = details.retryAfter;
        this.requestId = details.requestId;
        this.upload = details.upload;
    }
}
function wait(milliseconds) {
    return new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
    });
}
/** Calls `then` once the promise has settled; `finally` is missing on older phones. */
function afterwards(promise, then) {
    promise.then(then, then);
}
/** One run at a time: whoever asks while it runs gets the same promise. */
function shared(run) {
    let running;
    const start = () => {
        if (!running) {
            running = run();
            afterwards(running, () => {
                running = undefined;
            });
        }
        return running;
    };
    return Object.defineProperty(start, 'running', { get: () => running });
}
/** A promise from an API with callbacks. */
function promised(start) {
    return new Promise((success, fail) => {
        const returned = start({ success, fail });
        // Taro also returns a promise, whose rejection nobody else handles.
        if (returned && returned.catch)
            returned.catch(() => { });
    });
}
const ATTEMPTS$1 = 3;
const LONGEST_WAIT = 10; // seconds; the caller is told about a longer one
/** Whether doing it twice is the same as doing it once. */
function isSafe(method, request) {
    // With If-Match, the second attempt would find what the first has changed.
    return method === 'POST' ? !!request.idempotencyKey : !request.ifMatch;
}
function isTransient({ kind, status }) {
    return kind === 'network' || status === 429 || (status > 501 && status < 505);
}
/** Whether the server has decided, so that asking again would not help. */
function isFinal({ kind, status }) {
    return kind === 'api' && status < 500 && status !== 429;
}
/** Repeats what failed in passing, when `safe`; `attempt` gets the number of earlier attempts. */
function repeated(safe, attempt) {
    return __awaiter(this, void 0, void 0, function* () {
        for (let earlier = 0;; earlier += 1) {
            try {
                return yield attempt(earlier);
            }
            catch (error) {
                const { retryAfter } = error;
                if (!safe || earlier + 1 === ATTEMPTS$1 || !isTransient(error) || (retryAfter || 0) > LONGEST_WAIT)
                    throw error;
                yield wait(retryAfter ? retryAfter * 1000 : backOff(earlier));
            }
        }
    });
}
function backOff(earlier) {
    return 300 * Math.pow(3, earlier) * (1 + Math.random() / 2);
}
const MARGIN = 60 * 1000;
// The server takes a refresh token once more for 10 seconds; a repeated refresh has to be in time.
const REFRESH_TIMEOUT = 8000;
function tokensOf(body) {
    const answer = body;
    // A Wi-Fi's login page answers anything with 200.
    if (!answer || !answer.access_token || !answer.refresh_token)
        throw new ApiError('network', 'the response is not from the API');
    return { access: answer.access_token, refresh: answer.refresh_token, received: Date.now(), lifetime: answer.expires_in * 1000 };
}
/** Counts by this phone's clock only, so it may be wrong; one that was set back makes the token count as expired. */
function isFresh({ received, lifetime }, margin = MARGIN) {
    const age = Date.now() - received;
    return age >= 0 && age < lifetime - Math.min(margin, lifetime / 2);
}
/** Whether the server has said that the session is over. */
function isRefused(error) {
    const { kind, status } = error;
    return kind === 'api' && status === 401;
}
/** Renews tokens in place; one refresh of the same tokens at a time. */
class Refresher {
    constructor(send, store, timeout) {
        this.send = send;
        this.store = store;
        this.timeout = timeout;
        this.running = new Map();
    }
    refresh(tokens) {
        let refresh = this.running.get(tokens);
        if (!refresh) {
            refresh = this.exchange(tokens);
            this.running.set(tokens, refresh);
            afterwards(refresh, () => this.running.delete(tokens));
        }
        return refresh;
    }
    exchange(tokens) {
        return __awaiter(this, void 0, void 0, function* () {
            const { body } = yield repeated(true, () => this.send('POST', '/v1/login/refresh', {
                body: { refresh_token: tokens.refresh },
                timeout: Math.min(this.timeout, REFRESH_TIMEOUT),
            }));
            Object.assign(tokens, tokensOf(body));
            this.store.save();
        });
    }
    /** Sends a request in the name of a session, whichever it is: it need not be the current one. */
    sendAs(tokens, request) {
        return __awaiter(this, void 0, void 0, function* () {
            if (!isFresh(tokens))
                yield this.refresh(tokens);
            try {
                return yield request(tokens.access);
            }
            catch (error) {
                if (error.code !== 'unauthorized')
                    throw error;
                yield this.refresh(tokens);
                return request(tokens.access);
            }
        });
    }
}
const COOLDOWN = 30 * 1000;
/** Which session is the current one, and how a call gets a token that is good. */
class Session {
    constructor(send, store, refresher, code) {
        this.send = send;
        this.store = store;
        this.refresher = refresher;
        this.code = code;
        /** Ends the sessions that the client no longer wants, now or later. */
        this.end = () => { };
        /** What has to be finished before somebody signs in. */
        this.beforeSignIn = () => Promise.resolve();
        this.listeners = [];
        /** Grows when somebody signs in or out: a renewal or a login that began before must not undo that. */
        this.epoch = 0;
        // ---- renewal
        this.renew = shared(() => __awaiter(this, void 0, void 0, function* () {
            const { cooldown, epoch } = this;
            if (cooldown) {
                const age = Date.now() - cooldown.since;
                if (age >= 0 && age < cooldown.length)
                    throw cooldown.error;
            }
            try {
                if (yield this.refreshed())
                    return;
                if (epoch === this.epoch)
                    yield this.logIn(false, epoch);
            }
            catch (error) {
                if (epoch === this.epoch)
                    this.refuse(error);
                throw error;
            }
            finally {
                this.changed();
            }
        }));
        // ---- login
        this.signIn = shared(() => __awaiter(this, void 0, void 0, function* () {
            const { epoch } = this;
            yield this.beforeSignIn();
            try {
                const answer = yield this.logIn(true, epoch);
                return { user: answer.user, isNew: answer.is_new };
            }
            catch (error) {
                if (epoch === this.epoch && error.code === 'account_disabled')
                    this.block(error);
                throw error;
            }
        }));
        this.notified = this.state;
    }
    get state() {
        const { deletion, deletionUnconfirmed, signedOut, session } = this.store.stored;
        if (deletion)
            return 'deletion_pending';
        if (this.blocked)
            return 'blocked';
        if (deletionUnconfirmed)
            return 'deletion_unconfirmed';
        if (signedOut)
            return 'signed_out';
        return session ? 'signed_in' : 'unknown';
    }
    /** An access token that is good as far as this phone can tell, and is not `refused`. */
    access(refused) {
        return __awaiter(this, void 0, void 0, function* () {
            if (this.signIn.running && !this.store.stored.session)
                yield this.signIn.running;
            this.rejectUnlessUsable();
            const { session } = this.store.stored;
            if (!session || session.access === refused || !isFresh(session)) {
                yield this.renew().catch((error) => {
                    // The server is busy or out of reach: what is left of the token's life will do.
                    const current = this.store.stored.session;
                    if (!current || current.access === refused || !isFresh(current, 0))
                        throw error;
                });
                this.rejectUnlessUsable();
            }
            const { session: renewed } = this.store.stored;
            if (!renewed)
                throw signedOut();
            return renewed.access;
        });
    }
    rejectUnlessUsable() {
        const { state } = this;
        if (state === 'blocked')
            throw this.blocked;
        if (state === 'deletion_pending')
            throw new ApiError('client', 'the account is being deleted', { code: state });
        if (state !== 'signed_in' && state !== 'unknown')
            throw signedOut();
    }
    /** Whether there is a session that can be refreshed, and it was. */
    refreshed() {
        return __awaiter(this, void 0, void 0, function* () {
            const { session } = this.store.stored;
            if (!session)
                return false;
            try {
                yield this.refresher.refresh(session);
                return true;
            }
            catch (error) {
                if (!isRefused(error))
                    throw error;
                // Unless somebody has signed in or out in the meantime, this was the current session.
                if (this.store.stored.session === session) {
                    this.store.stored.session = undefined;
                    this.store.save();
                }
                return false;
            }
        });
    }
    /** What a refusal means: nobody to sign in, a disabled account, or not to ask again for a while. */
    refuse(error) {
        if (error.code === 'login_required')
            this.signOut();
        else if (error.code === 'account_disabled')
            this.block(error);
        else if (error.kind === 'api' || error.kind === 'gateway') {
            this.cooldown = { error, since: Date.now(), length: error.retryAfter ? error.retryAfter * 1000 : COOLDOWN };
        }
    }
    logIn(create, epoch) {
        return __awaiter(this, void 0, void 0, function* () {
            const { body } = yield this.exchangeCode(create);
            const tokens = tokensOf(body);
            if (epoch !== this.epoch) {
                this.end(tokens);
                throw signedOut();
            }
            this.begin(tokens, create);
            return body;
        });
    }
    exchangeCode(create) {
        return __awaiter(this, void 0, void 0, function* () {
            const attempt = () => __awaiter(this, void 0, void 0, function* () { return this.send('POST', '/v1/login', { body: { code: yield this.code(), create } }); });
            try {
                return yield attempt();
            }
            catch (error) {
                // On a bad network, wx.login can return a code that was used before.
                if (error.code !== 'wechat_code_used')
                    throw error;
                return attempt();
            }
        });
    }
    begin(tokens, explicit) {
        const { stored } = this.store;
        const former = stored.session;
        if (explicit)
            this.epoch += 1;
        stored.session = tokens;
        stored.signedOut = stored.deletionUnconfirmed = undefined;
        this.blocked = this.cooldown = undefined;
        this.store.save();
        if (former)
            this.end(former);
        this.changed();
    }
    // ---- the end
    /** Whatever login or renewal is under way will not count. */
    supersede() {
        this.epoch += 1;
    }
    /** Until `signIn()`. */
    signOut(change = {}) {
        this.blocked = this.cooldown = undefined;
        Object.assign(this.store.stored, { session: undefined, signedOut: true }, change);
        this.store.save();
        this.changed();
    }
    /** A call was answered `account_disabled`; `access` is the token that it was made with. */
    blockedWith(access, error) {
        const { session } = this.store.stored;
        if (session && session.access === access)
            this.block(error);
    }
    block(error) {
        this.blocked = error;
        this.changed();
    }
    changed() {
        const { state } = this;
        if (state === this.notified)
            return;
        this.notified = state;
        this.listeners.slice().forEach((listener) => listener(state));
    }
}
function signedOut() {
    return new ApiError('client', 'signed out: call signIn()', { code: 'signed_out' });
}
// A session that is never ended expires by itself after 30 days.
const MOST = 8;
/** Ends sessions and the account on the server; what could not be done is stored, and done when it next can. */
class Endings {
    constructor(send, store, refresher, session) {
        this.send = send;
        this.store = store;
        this.refresher = refresher;
        this.session = session;
        this.endAll = shared(() => __awaiter(this, void 0, void 0, function* () {
            const { stored } = this.store;
            while (stored.ending.length) {
                const first = stored.ending[0];
                try {
                    yield this.logOut(first.tokens, first.all);
                }
                catch (error) {
                    if (!isFinal(error))
                        return;
                }
                stored.ending = stored.ending.filter((one) => one !== first);
                this.store.save();
            }
        }));
        this.finishDeletion = shared(() => __awaiter(this, void 0, void 0, function* () {
            const { deletion } = this.store.stored;
            if (!deletion)
                return;
            try {
                yield this.refresher.sendAs(deletion, (access) => repeated(true, () => this.send('DELETE', '/v1/users/me', {}, access)));
            }
            catch (error) {
                throw this.undeleted(error);
            }
            this.session.signOut({ deletion: undefined });
        }));
    }
    get pending() {
        const { deletion, ending } = this.store.stored;
        return !!deletion || ending.length > 0;
    }
    /** Does what is still to be done, as far as the server can be reached. */
    resume() {
        const { deletion } = this.store.stored;
        return Promise.all([this.endAll(), deletion && this.finishDeletion().catch(() => { })]);
    }
    // ---- sessions
    /** Ends the current session, and forgets it whether the server can be reached or not. */
    logout({ all = false } = {}) {
        const { stored } = this.store;
        const { session } = stored;
        this.session.supersede();
        if (session)
            this.add(session, all);
        this.session.signOut();
        return this.endAll();
    }
    /** Remembers to end a session. */
    add(tokens, all = false) {
        const { ending } = this.store.stored;
        ending.push({ tokens, all });
        if (ending.length > MOST)
            ending.shift();
        this.store.save();
    }
    logOut(tokens, all) {
        return this.refresher.sendAs(tokens, (access) => repeated(true, () => this.send('POST', '/v1/logout', { body: all ? { all } : {} }, access)));
    }
    // ---- the account
    /** What is still to be done when somebody signs in; rejects if the account may not have been deleted yet. */
    beforeSignIn() {
        return __awaiter(this, void 0, void 0, function* () {
            yield this.endAll();
            yield this.finishDeletion().catch((error) => {
                if (this.store.stored.deletion)
                    throw error;
            });
        });
    }
    /** From here on nobody is signed in, whatever becomes of it. */
    deleteAccount() {
        return __awaiter(this, void 0, void 0, function* () {
            const { stored } = this.store;
            if (!stored.deletion) {
                if (!stored.session)
                    yield this.session.access();
                const deletion = stored.session;
                if (!deletion)
                    throw signedOut();
                this.session.supersede();
                this.session.signOut({ deletion });
            }
            return this.finishDeletion();
        });
    }
    undeleted(error) {
        // The session is over: perhaps because the account was deleted and the response lost, perhaps not.
        if (isRefused(error) && error.code !== 'unauthorized') {
            this.session.signOut({ deletion: undefined, deletionUnconfirmed: true });
            return new ApiError('client', 'not confirmed: sign in to delete the account', { code: 'deletion_unconfirmed' });
        }
        if (error.code === 'account_disabled') {
            this.session.signOut({ deletion: undefined });
            this.session.block(error);
        }
        return error;
    }
}
function createSend(platform, baseUrl, timeout) {
    const base = baseUrl.replace(/\/+$/, '');
    return (method_1, path_1, ...args_1) => __awaiter(this, [method_1, path_1, ...args_1], void 0, function* (method, path, request = {}, token) {
        const url = base + fill(path, request.params) + encodeQuery(request.query);
        const answer = yield promised((callbacks) => platform.request(Object.assign({ url,
            method, header: headerOf(request, token), data: request.body === undefined ? undefined : JSON.stringify(request.body), timeout: request.timeout || timeout }, callbacks))).catch((cause) => {
            throw networkError(cause, `${method} ${path}`, base, 'request');
        });
        return interpret(answer.statusCode, answer.data, answer.header);
    });
}
function fill(path, params = {}) {
    return path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(params[name]));
}
function encodeQuery(query = {}) {
    const values = query;
    const pairs = Object.keys(values)
        .filter((name) => values[name] !== undefined && values[name] !== null)
        .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(String(values[name]))}`);
    return pairs.length ? `?${pairs.join('&')}` : '';
}
function headerOf(request, token) {
    const header = Object.assign({}, request.header);
    if (request.body !== undefined)
        header['content-type'] = 'application/json';
    if (request.ifMatch)
        header['if-match'] = request.ifMatch;
    if (request.ifNoneMatch)
        header['if-none-match'] = request.ifNoneMatch;
    if (request.idempotencyKey)
        header['idempotency-key'] = request.idempotencyKey;
    if (token)
        header['authorization'] = `Bearer ${token}`;
    return header;
}
/** Every status reaches `success`, so what is an error is decided here. */
function interpret(status, data, header) {
    const requestId = lookUp(header, 'x-request-id') || lookUp(header, 'apigw-requestid');
    if ((status >= 200 && status < 300) || status === 304) {
        return { status, body: status === 204 || status === 304 ? undefined : data, etag: lookUp(header, 'etag'), requestId };
    }
    const problem = asProblem(data);
    const kind = problem.code ? 'api' : 'gateway';
    throw new ApiError(kind, problem.detail || problem.message || `HTTP ${status}`, {
        status,
        code: problem.code,
        fields: problem.errors,
        retryAfter: Number(lookUp(header, 'retry-after')) || undefined,
        requestId: problem.request_id || requestId,
    });
}
/** Some platforms parse `application/json` only, and leave `application/problem+json` as text. */
function asProblem(data) {
    try {
        return (typeof data === 'string' ? JSON.parse(data) : data) || {};
    }
    catch (_) {
        return {};
    }
}
/** Phones differ in the case of header names. */
function lookUp(header, name) {
    const key = Object.keys(header || {}).find((one) => one.toLowerCase() === name);
    return key && header[key];
}
/** `list` is the domain list of the mini-program that the URL's host has to be on. */
function networkError(cause, what, url, list) {
    const [host] = (url && /^\w+:\/\/[^/?]+/.exec(url)) || [];
    const hint = host ? ` (if this fails on phones only, add ${host} to the mini-program's ${list} domains)` : '';
    return new ApiError('network', `${what}: ${(cause && cause.errMsg) || cause}${hint}`);
}
// Generated from openapi.yaml by `npm run generate`.
/** Method and path; before them `-` for no access token, after them `=` for a body, `#` for an idempotency key, `?` for a query. */
const OPERATIONS = {
    ping: '-GET /v1/ping',
    setPhone: 'POST /v1/users/me/phone=',
    readMe: 'GET /v1/users/me',
    changeMe: 'PUT /v1/users/me=',
    readUser: 'GET /v1/users/{id}',
    changeUser: 'PUT /v1/users/{id}=',
    deleteUser: 'DELETE /v1/users/{id}',
    listUsers: 'GET /v1/users?',
    createUser: 'POST /v1/users=',
    profiles: 'GET /v1/profiles?',
    listAudit: 'GET /v1/audit?',
    listUploadsOfUser: 'GET /v1/users/{id}/uploads?',
    deleteUploadOfUser: 'DELETE /v1/users/{id}/uploads/{upload}',
    listUploads: 'GET /v1/uploads?',
    createUpload: 'POST /v1/uploads=#',
    createUploads: 'POST /v1/uploads/batch=#',
    readUpload: 'GET /v1/uploads/{id}',
    deleteUpload: 'DELETE /v1/uploads/{id}',
};
const KEY = 'wechat-backend';
class Store {
    constructor(storage) {
        this.storage = storage;
        this.stored = this.read();
    }
    read() {
        try {
            return Object.assign({ ending: [] }, JSON.parse(this.storage.get(KEY) || '{}'));
        }
        catch (_) {
            return { ending: [] };
        }
    }
    save() {
        const text = JSON.stringify(this.stored);
        try {
            this.storage.set(KEY, text);
        }
        catch (_) {
            this.replace(text);
        }
    }
    /** The storage is full: what was stored has to go all the same, or a restart would sign in whoever signed out. */
    replace(text) {
        try {
            this.storage.remove(KEY);
            this.storage.set(KEY, text);
        }
        catch (_) {
            // It lasts as long as the program.
        }
    }
}
function storageOf(platform) {
    return {
        get: (key) => platform.getStorageSync(key),
        set: (key, value) => platform.setStorageSync(key, value),
        remove: (key) => platform.removeStorageSync(key),
    };
}
/** A promise with `cancel()`, which rejects it at once. */
function cancellable(run) {
    const cancelled = new ApiError('cancelled', 'cancelled');
    const listeners = new Set();
    let state = 'running';
    let rejectNow;
    const cancellation = {
        check() {
            if (state === 'cancelled')
                throw cancelled;
        },
        onCancel(listener) {
            if (state === 'cancelled')
                listener();
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
    const promise = new Promise((resolve, reject) => {
        const settle = (how) => (value) => {
            if (state === 'running')
                state = 'settled';
            how(value);
        };
        rejectNow = reject;
        run(cancellation).then(settle(resolve), settle(reject));
    });
    const cancel = () => {
        if (state !== 'running')
            return;
        state = 'cancelled';
        rejectNow(cancelled);
        listeners.forEach((listener) => listener());
    };
    return Object.assign(promise, { cancel });
}
const MB = 1024 * 1024;
const QUALITIES = [80, 60, 40, 20];
/** A file as it will be sent: its exact size and its type, compressed if it was too large. */
function prepare(platform, path, options) {
    return __awaiter(this, void 0, void 0, function* () {
        const most = options.maxBytes || (options.purpose === 'avatar' ? 2 : 10) * MB;
        let file = yield inspect(platform, path, options.contentType);
        for (const quality of file.size > most && isCompressible(platform, file) ? QUALITIES : []) {
            const { tempFilePath } = yield reading(path, (callbacks) => platform.compressImage(Object.assign({ src: path, quality }, callbacks)));
            file = yield inspect(platform, tempFilePath);
            if (file.size <= most)
                break;
        }
        if (file.size > most)
            throw refusal('too_large', `${path} has ${file.size} bytes, and ${most} are allowed`);
        if (!file.size)
            throw refusal('empty', `${path} is empty`);
        return file;
    });
}
function isCompressible(platform, { contentType }) {
    return !!platform.compressImage && /jpeg|png/.test(contentType);
}
function inspect(platform, path, known) {
    return __awaiter(this, void 0, void 0, function* () {
        const files = platform.getFileSystemManager();
        const { size } = yield reading(path, (callbacks) => files.getFileInfo(Object.assign({ filePath: path }, callbacks)));
        const contentType = known || typeOf(path, yield bytesOf(platform, path, Math.min(12, size)));
        return { path, size, contentType };
    });
}
/** The first `length` bytes, or all. */
function bytesOf(platform, path, length) {
    return __awaiter(this, void 0, void 0, function* () {
        const part = length === undefined ? {} : { position: 0, length };
        const files = platform.getFileSystemManager();
        if (length === 0)
            return new ArrayBuffer(0);
        const { data } = yield reading(path, (callbacks) => files.readFile(Object.assign(Object.assign({ filePath: path }, part), callbacks)));
        return data;
    });
}
function reading(path, start) {
    return promised(start).catch((cause) => {
        throw refusal('unreadable', `${path}: ${(cause && cause.errMsg) || cause}`);
    });
}
// Offset and text of what each type begins with; of several, the first that fits.
const SIGNATURES = [
    [0, '\xff\xd8\xff', 'image/jpeg'],
    [0, '\x89PNG', 'image/png'],
    [0, 'GIF8', 'image/gif'],
    [8, 'WEBP', 'image/webp'],
    [0, 'BM', 'image/bmp'],
    [0, '%PDF-', 'application/pdf'],
    [0, 'ID3', 'audio/mpeg'],
    [0, '\xff\xfb', 'audio/mpeg'],
    [0, '\x1aE\xdf\xa3', 'video/webm'],
    [4, 'ftyphei', 'image/heif'],
    [4, 'ftypmif1', 'image/heif'],
    [4, 'ftypavif', 'image/avif'],
    [4, 'ftypqt', 'video/quicktime'],
    [4, 'ftypM4A', 'audio/m4a'],
    [4, 'ftyp', 'video/mp4'],
];
/** By the bytes: a phone's file names and `wx.getImageInfo` do not know WebP. */
function typeOf(path, data) {
    const text = String.fromCharCode.apply(undefined, Array.from(new Uint8Array(data)));
    const found = SIGNATURES.filter(([offset, start]) => text.substr(offset, start.length) === start)[0];
    if (!found)
        throw refusal('unknown_type', `${path}: the type is not known, pass contentType`);
    return found[2];
}
function refusal(code, message) {
    return new ApiError('client', message, { code });
}
const TIMEOUT = 5 * 60 * 1000;
/** Sends a file to S3 once. */
function transfer(platform, ticket, file, cancellation, onProgress) {
    return __awaiter(this, void 0, void 0, function* () {
        const { method, url } = ticket;
        const put = ticket.method === 'PUT' ? yield bytesOf(platform, file.path) : undefined;
        cancellation.check();
        const { statusCode, data } = yield promised((callbacks) => {
            const task = (ticket.method === 'PUT'
                ? platform.request(Object.assign({ url, method, header: ticket.headers, data: put, timeout: TIMEOUT }, callbacks))
                : platform.uploadFile(Object.assign({ url, filePath: file.path, name: ticket.file_field, formData: ticket.fields, timeout: TIMEOUT }, callbacks)));
            follow(task, cancellation, onProgress);
            return task;
        }).catch((cause) => {
            throw networkError(cause, `${method} ${file.path}`, url, method === 'PUT' ? 'request' : 'uploadFile');
        });
        // 412: a request whose response was lost has stored it already.
        if (statusCode === (method === 'PUT' ? 200 : 201) || (method === 'PUT' && statusCode === 412))
            return;
        throw storageError(statusCode, String(data));
    });
}
function follow(task, cancellation, onProgress) {
    if (!task)
        return;
    if (task.abort)
        cancellation.onCancel(() => task.abort());
    if (task.onProgressUpdate) {
        task.onProgressUpdate(({ totalBytesSent: sent, totalBytesExpectedToSend: total }) => onProgress({ sent, total }));
    }
}
/** S3 answers in XML. */
function storageError(status, xml) {
    const read = (name) => (new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) || [])[1];
    return new ApiError('storage', read('Message') || `HTTP ${status}`, { status, code: read('Code'), requestId: read('RequestId') });
}
const ATTEMPTS = 3;
const FIRST_POLL = 300;
const SLOWEST_POLL = 3000;
/** How long a verdict is waited for, in milliseconds. */
const PATIENCE = 60 * 1000;
/** The steps of an upload. */
class Uploads {
    constructor(platform, call) {
        this.platform = platform;
        this.call = call;
    }
    prepare(path, options) {
        return prepare(this.platform, path, options);
    }
    /** A function that asks for tickets; asking again renews those that have expired. */
    issuer(path, body) {
        const idempotencyKey = randomKey();
        return () => __awaiter(this, void 0, void 0, function* () { return (yield this.call('POST', path, { body, idempotencyKey })).body; });
    }
    /** Deletes what was issued if the upload is cancelled; call the returned function to keep it. */
    discardOnCancel({ upload }, cancellation) {
        return cancellation.onCancel(() => {
            this.call('DELETE', `/v1/uploads/${upload.id}`).catch(() => { });
        });
    }
    /** Sends the file until S3 has it, with a fresh ticket if the first has expired. */
    deliver(file_1, issued_1, renew_1, cancellation_1) {
        return __awaiter(this, arguments, void 0, function* (file, issued, renew, cancellation, onProgress = () => { }) {
            let { ticket } = issued;
            let renewed = false;
            for (let failures = 0; ticket;) {
                cancellation.check();
                try {
                    return yield transfer(this.platform, ticket, file, cancellation, onProgress);
                }
                catch (cause) {
                    cancellation.check();
                    const error = cause;
                    if (error.kind === 'storage' && error.status === 403 && !renewed) {
                        renewed = true;
                        ticket = (yield renew()).ticket;
                        continue;
                    }
                    failures += 1;
                    if (failures === ATTEMPTS || !isPassing(error))
                        throw error;
                    yield wait(backOff(failures - 1));
                    // The file may have arrived, and only the answer was lost.
                    if (error.kind === 'network' && (yield this.read(issued.upload.id)).status !== 'pending')
                        return;
                }
            }
        });
    }
    /** The upload once it is known whether the file is what was declared. */
    verdict(id, cancellation) {
        return __awaiter(this, void 0, void 0, function* () {
            let upload;
            for (let pause = FIRST_POLL, waited = 0; waited < PATIENCE; pause = Math.min(pause * 1.5, SLOWEST_POLL)) {
                yield wait(pause);
                waited += pause;
                cancellation.check();
                upload = yield this.read(id);
                if (upload.status === 'ready' || upload.status === 'review')
                    return upload;
                if (upload.status !== 'pending' && upload.status !== 'checking')
                    throw failure('upload_rejected', upload);
            }
            if (upload && upload.status === 'checking')
                return upload;
            throw failure('upload_pending', upload);
        });
    }
    read(id) {
        return __awaiter(this, void 0, void 0, function* () {
            return (yield this.call('GET', `/v1/uploads/${id}`)).body;
        });
    }
}
function requestFor({ size, contentType }, { purpose = 'file', method = 'POST' }) {
    return { content_type: contentType, size, purpose, method };
}
/** Distinguishes one user's requests; nothing depends on its being secret. */
function randomKey() {
    return [Date.now(), Math.random(), Math.random()].map((part) => part.toString(36).replace('0.', '')).join('-');
}
/** S3 asks for a repetition with 409, and with 503 for a slower one. */
function isPassing({ kind, status }) {
    return kind === 'network' || (kind === 'storage' && (status === 409 || status >= 500));
}
function failure(code, upload) {
    return new ApiError('client', `${code}: ${(upload && upload.reason) || (upload && upload.status)}`, { code, upload });
}
const BATCH = 20;
function uploadOne(uploads, path, options = {}) {
    return cancellable((cancellation) => __awaiter(this, void 0, void 0, function* () {
        const file = yield uploads.prepare(path, options);
        cancellation.check();
        const issue = uploads.issuer('/v1/uploads', requestFor(file, options));
        const issued = yield issue();
        const keep = uploads.discardOnCancel(issued, cancellation);
        yield uploads.deliver(file, issued, issue, cancellation, options.onProgress);
        const upload = yield uploads.verdict(issued.upload.id, cancellation);
        keep();
        return upload;
    }));
}
function uploadAll(uploads, paths, options = {}) {
    return cancellable((cancellation) => __awaiter(this, void 0, void 0, function* () {
        const results = [];
        const report = (index, outcome) => {
            results[index] = Object.assign({ path: paths[index] }, outcome);
            if (options.onResult)
                options.onResult(index, results[index]);
        };
        const run = new Batches(uploads, options, cancellation, report);
        const items = [];
        for (let index = 0; index < paths.length; index += 1) {
            cancellation.check();
            const file = yield run.reported(index, uploads.prepare(paths[index], options));
            if (file)
                items.push({ index, file });
        }
        while (items.length)
            yield run.batch(items.splice(0, BATCH));
        return results;
    }));
}
class Batches {
    constructor(uploads, options, cancellation, report) {
        this.uploads = uploads;
        this.options = options;
        this.cancellation = cancellation;
        this.report = report;
    }
    /** The promise's result; an error is the file's result, and does not end the others. */
    reported(index, promise) {
        return promise.catch((error) => {
            this.cancellation.check();
            this.report(index, { error });
        });
    }
    /** Up to twenty files with one request for their tickets. */
    batch(items) {
        return __awaiter(this, void 0, void 0, function* () {
            const issue = this.uploads.issuer('/v1/uploads/batch', {
                items: items.map(({ file }) => requestFor(file, this.options)),
            });
            let tickets;
            try {
                tickets = (yield issue()).items;
            }
            catch (error) {
                this.cancellation.check();
                return this.refused(items, error);
            }
            const keep = tickets.map((issued) => this.uploads.discardOnCancel(issued, this.cancellation));
            this.cancellation.check();
            const verdicts = [];
            let next = 0;
            const worker = () => __awaiter(this, void 0, void 0, function* () {
                for (let at = next++; at < items.length; at = next++) {
                    const item = items[at];
                    const issued = tickets[at];
                    const position = at;
                    const renew = () => __awaiter(this, void 0, void 0, function* () { return (yield issue()).items[position]; });
                    const delivered = yield this.reported(item.index, this.deliver(item, issued, renew));
                    if (delivered)
                        verdicts.push(this.verdict(item, issued, keep[at]));
                }
            });
            yield Promise.all(Array.from({ length: this.options.concurrency || 3 }, worker));
            yield Promise.all(verdicts);
        });
    }
    deliver(_a, issued_1, renew_1) {
        return __awaiter(this, arguments, void 0, function* ({ index, file }, issued, renew) {
            const { onProgress } = this.options;
            yield this.uploads.deliver(file, issued, renew, this.cancellation, onProgress && ((progress) => onProgress(index, progress)));
            return true;
        });
    }
    verdict(_a, _b, keep_1) {
        return __awaiter(this, arguments, void 0, function* ({ index }, { upload }, keep) {
            const verdict = yield this.reported(index, this.uploads.verdict(upload.id, this.cancellation));
            keep();
            if (verdict)
                this.report(index, { upload: verdict });
        });
    }
    /** A batch is refused as a whole: the files that the answer names are out, and the rest is asked for again. */
    refused(items, error) {
        return __awaiter(this, void 0, void 0, function* () {
            const fieldsOf = (at) => error.fields.filter(({ field }) => field.indexOf(`items[${at}]`) === 0);
            const rest = items.filter((_, at) => !fieldsOf(at).length);
            const noneNamed = rest.length === items.length;
            items.forEach(({ index }, at) => {
                const fields = fieldsOf(at);
                if (noneNamed)
                    this.report(index, { error });
                else if (fields.length)
                    this.report(index, { error: new ApiError(error.kind, error.message, Object.assign(Object.assign({}, error), { fields })) });
            });
            if (!noneNamed && rest.length)
                yield this.batch(rest);
        });
    }
}
function createClient(options) {
    const platform = options.platform || wx;
    const timeout = options.timeout || 15000;
    const send = createSend(platform, options.baseUrl, timeout);
    const store = new Store(options.storage || storageOf(platform));
    const refresher = new Refresher(send, store, timeout);
    const session = new Session(send, store, refresher, () => codeOf(platform, options));
    const endings = new Endings(send, store, refresher, session);
    session.end = (tokens) => {
        endings.add(tokens);
        endings.endAll();
    };
    session.beforeSignIn = () => endings.beforeSignIn();
    const call = (method_1, path_1, ...args_1) => __awaiter(this, [method_1, path_1, ...args_1], void 0, function* (method, path, request = {}) {
        const response = yield sendSignedIn(send, session, method, path, request);
        if (endings.pending)
            endings.resume();
        return response;
    });
    resumeWhenPossible(endings, platform);
    return assemble(session, endings, call, new Uploads(platform, call));
}
function codeOf(platform, options) {
    return __awaiter(this, void 0, void 0, function* () {
        if (options.code)
            return options.code();
        try {
            return (yield promised((callbacks) => platform.login(callbacks))).code;
        }
        catch (cause) {
            throw networkError(cause, 'login');
        }
    });
}
/** Without timers: a mini-program's stop in the background. */
function resumeWhenPossible(endings, platform) {
    const resume = () => {
        if (endings.pending)
            endings.resume();
    };
    if (platform.onAppShow)
        platform.onAppShow(resume);
    resume();
}
function assemble(session, endings, call, uploads) {
    const client = {
        get state() {
            return session.state;
        },
        onChange: (listener) => {
            session.listeners.push(listener);
            return () => {
                const index = session.listeners.indexOf(listener);
                if (index >= 0)
                    session.listeners.splice(index, 1);
            };
        },
        signIn: () => session.signIn(),
        logout: (options) => endings.logout(options),
        deleteAccount: () => endings.deleteAccount(),
        call,
        upload: (path, options) => uploadOne(uploads, path, options),
        uploadAll: (paths, options) => uploadAll(uploads, paths, options),
    };
    Object.keys(OPERATIONS).forEach((id) => {
        client[id] = method(OPERATIONS[id], call);
    });
    return client;
}
/** An operation's method: the ids in its path, then body and query if it has them, then options. */
function method(operation, call) {
    const [, anonymous, verb, path, body, keyed, query] = /^(-?)(\w+) ([^=#?]*)(=?)(#?)(\??)$/.exec(operation);
    return (...given) => __awaiter(this, void 0, void 0, function* () {
        const params = {};
        path.replace(/{(\w+)}/g, (_, name) => (params[name] = given.shift()));
        const request = { params, anonymous: !!anonymous };
        if (body)
            request.body = given.shift();
        if (query)
            request.query = given.shift();
        if (keyed)
            request.idempotencyKey = randomKey();
        return (yield call(verb, path, Object.assign(Object.assign({}, request), given[0]))).body;
    });
}
/** With an access token, renewed when needed, and repeated where that is safe. */
function sendSignedIn(send, session, method, path, request) {
    return __awaiter(this, void 0, void 0, function* () {
        let access = request.anonymous ? undefined : yield session.access();
        let replayed = request.anonymous;
        const attempt = (earlier) => __awaiter(this, void 0, void 0, function* () {
            try {
                return yield send(method, path, request, access);
            }
            catch (cause) {
                const error = cause;
                if (error.code === 'unauthorized' && !replayed) {
                    replayed = true;
                    access = yield session.access(access);
                    return attempt(earlier);
                }
                if (error.code === 'account_disabled' && access)
                    session.blockedWith(access, error);
                // The attempt before has deleted it, and only its answer was lost.
                if (earlier && method === 'DELETE' && error.status === 404)
                    return { status: 204, body: undefined };
                throw error;
            }
        });
        return repeated(isSafe(method, request), attempt);
    });
}
exports.ApiError = ApiError;
exports.createClient = createClient;
