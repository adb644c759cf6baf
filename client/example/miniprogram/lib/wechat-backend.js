// Generated from client/src by `make client`.
'use strict';
function coroutine(start) {
    return new Promise((resolve, reject) => {
        const generator = start();
        const step = (method, input) => {
            try {
                const { done, value } = generator[method](input);
                if (done)
                    resolve(value);
                else
                    Promise.resolve(value).then((result) => step('next', result), (error) => step('throw', error));
            }
            catch (error) {
                reject(error);
            }
        };
        step('next');
    });
}
/** What every promise of the client rejects with. */
class ApiError extends Error {
    constructor(kind, message, details) {
        super(message);
        Object.assign(this, { name: 'ApiError', kind, status: 0, fields: [] }, details);
    }
}
function clientError(code, message, upload) {
    return new ApiError('client', `${code}: ${message}`, { code, upload });
}
function wait(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
/** Calls a listener of the program's. What it throws is the program's to see, and interrupts nothing here. */
function notify(listener, ...given) {
    try {
        if (listener)
            listener(...given);
    }
    catch (error) {
        setTimeout(() => {
            throw error;
        });
    }
}
/** Calls `run`, unless it is still running for `key`: then its promise is shared. */
function once(running, key, run) {
    const earlier = running.get(key);
    if (earlier)
        return earlier;
    const promise = run();
    // Not `finally`, which is missing on older phones.
    const done = () => running.delete(key);
    running.set(key, promise);
    promise.then(done, done);
    return promise;
}
/** Calls a function of the platform's that calls back; `failure` makes what it rejects with of its message. */
function ask(target, name, options, failure, started) {
    return new Promise((success, reject) => {
        const fail = (cause) => reject(failure(cause.errMsg));
        const functions = target;
        const task = functions[name](Object.assign({ success, fail }, options));
        // Taro also returns a promise, whose rejection nobody else handles.
        if (!task)
            return;
        if (task.catch)
            task.catch(() => { });
        if (started)
            started(task);
    });
}
const REPEATS = 2;
const LONGEST_WAIT = 10; // seconds; the caller is told about a longer one
/** Whether it may succeed if it is tried again. S3 asks for that with 409, too. */
function isTransient({ kind, status }) {
    return kind === 'network' || status === 429 || (status > 499 && status !== 501) || (kind === 'storage' && status === 409);
}
/** Repeats what failed in passing, if that is `safe`; `attempt` gets the number of earlier attempts. */
function repeated(safe, attempt) {
    return coroutine(function* () {
        for (let earlier = 0;; earlier += 1) {
            try {
                return yield attempt(earlier);
            }
            catch (cause) {
                const { retryAfter = earlier + 0.3 + Math.random() / 2 } = cause;
                if (!safe || earlier === REPEATS || !isTransient(cause) || retryAfter > LONGEST_WAIT)
                    throw cause;
                yield wait(retryAfter * 1000);
            }
        }
    });
}
const MARGIN = 60 * 1000;
// The server takes a refresh token once more for 10 seconds; a repeated refresh has to be in time.
const REFRESH_TIMEOUT = 8000;
function tokensOf(answer) {
    // A Wi-Fi's login page answers anything with 200.
    if (!answer || !answer.refresh_token)
        throw new ApiError('network', 'not from the API');
    return { access: answer.access_token, refresh: answer.refresh_token, user: answer.user.id, received: Date.now(), lifetime: answer.expires_in * 1000 };
}
/** By this phone's clock only, which may be wrong; if it was set back since, the token counts as expired. */
function isFresh({ received, lifetime }, margin = MARGIN) {
    const age = Date.now() - received;
    return age >= 0 && age < lifetime - margin;
}
/** Whether the server has said that the session is over. */
function isOver({ code }) {
    return /^refresh_/.test(code);
}
function createRefresh(send, { update }, running, timeout) {
    return (tokens) => once(running, tokens, () => {
        const request = { body: { refresh_token: tokens.refresh }, timeout: Math.min(timeout, REFRESH_TIMEOUT) };
        return repeated(true, () => send('POST', '/v1/login/refresh', request)).then(({ body }) => {
            Object.assign(tokens, tokensOf(body));
            update();
        });
    });
}
/** Sends a request in the name of a session, which need not be the current one. */
function sendAs(tokens, refresh, request) {
    return coroutine(function* () {
        const attempt = () => repeated(true, request);
        if (!isFresh(tokens))
            yield refresh(tokens);
        try {
            yield attempt();
        }
        catch (error) {
            if (error.code !== 'unauthorized')
                throw error;
            yield refresh(tokens);
            yield attempt();
        }
    });
}
const COOLDOWN = 30; // seconds
function createSession(send, { stored, update }, refresh, running, endings, code) {
    let cooldown = { received: 0, lifetime: 0 };
    const isCurrent = ({ access }) => stored.session && stored.session.access === access;
    function access(refused) {
        return coroutine(function* () {
            if (!stored.session)
                yield running.get(stored.epoch);
            usable();
            const former = refused || stored.session;
            if (refused && isCurrent(refused))
                stored.session.lifetime = 0;
            const isGood = (margin) => stored.session && isFresh(stored.session, margin);
            if (!isGood()) {
                yield guarded(renew).catch((error) => {
                    usable();
                    // The server is busy or out of reach: what is left of the token's life will do.
                    if (!isGood(0))
                        throw error;
                });
                usable();
            }
            const tokens = Object.assign({}, stored.session);
            if (former && former.user !== tokens.user)
                throw clientError('account_changed', 'call again');
            return tokens;
        });
    }
    function usable() {
        if (stored.blocked)
            throw stored.blocked;
        if (stored.signedOut)
            throw signedOut();
    }
    function renew(begun) {
        return coroutine(function* () {
            if (isFresh(cooldown, 0))
                throw cooldown.error;
            const { session } = stored;
            if (session) {
                try {
                    return yield refresh(session);
                }
                catch (error) {
                    if (!isOver(error))
                        throw error;
                    // Listeners are told once it is known whether a login has replaced it.
                    if (stored.session === session)
                        stored.session = undefined;
                }
            }
            if (begun === stored.epoch)
                yield logIn(false, begun);
        });
    }
    /** What a refusal means: nobody to sign in, a disabled account, or not to ask again for a while. */
    function refuse(error) {
        const { code, kind, retryAfter } = error;
        if (kind !== 'network')
            cooldown = { error, received: Date.now(), lifetime: (retryAfter || COOLDOWN) * 1000 };
        update(code === 'login_required' ? { signedOut: true } : code === 'account_disabled' ? { blocked: error } : {});
    }
    function signIn(begun) {
        return endings
            .finish()
            .then(() => logIn(true, begun))
            .then(({ user, is_new: isNew }) => ({ user, isNew }));
    }
    function logIn(create, begun) {
        return coroutine(function* () {
            const exchange = () => code().then((fresh) => send('POST', '/v1/login', { body: { code: fresh, create } }));
            const { body } = yield exchange().catch((error) => {
                // On a bad network, wx.login can return a code that was used before.
                if (error.code !== 'wechat_code_used')
                    throw error;
                return exchange();
            });
            const tokens = tokensOf(body);
            if (begun !== stored.epoch) {
                endings.end(tokens);
                throw signedOut();
            }
            const former = stored.session;
            if (create)
                stored.epoch += 1;
            cooldown.lifetime = 0;
            update({ session: tokens, signedOut: undefined, unconfirmed: undefined, blocked: undefined });
            if (former)
                endings.end(former);
            return body;
        });
    }
    /**
     * Runs one at a time, and acts on a refusal unless somebody has signed in or out in the meantime. A sign-in that began
     * before that comes to nothing, so the next one does not wait for it.
     */
    function guarded(run) {
        return once(running, run === signIn && stored.epoch, () => {
            const begun = stored.epoch;
            return run(begun).catch((error) => {
                if (begun === stored.epoch)
                    refuse(error);
                throw error;
            });
        });
    }
    return {
        access,
        signIn: () => guarded(signIn),
        block(tokens, blocked) {
            if (isCurrent(tokens))
                update({ blocked });
        },
    };
}
function signedOut() {
    return clientError('signed_out', 'call signIn()');
}
function createEndings(send, { stored, update }, refresh, running) {
    function end(tokens) {
        update({ ending: stored.ending.concat(tokens).slice(-8) });
        return endAll();
    }
    const endAll = () => once(running, endAll, () => coroutine(function* () {
        while (stored.ending[0]) {
            const [tokens] = stored.ending;
            try {
                yield sendAs(tokens, refresh, () => send('POST', '/v1/logout', { body: { all: !!tokens.all } }, tokens));
            }
            catch (error) {
                if (isTransient(error))
                    return;
            }
            update({ ending: stored.ending.filter((one) => one !== tokens) });
        }
    }));
    /** For this phone it is over at once, and whatever login or renewal is under way will not count. */
    function forget(deletion) {
        update({ session: undefined, signedOut: true, blocked: undefined, epoch: stored.epoch + 1, deletion });
    }
    const finishDeletion = (deletion) => once(running, finishDeletion, () => sendAs(deletion, refresh, () => send('DELETE', '/v1/users/me', {}, deletion)).then(() => update({ deletion: undefined }), (error) => {
        if (error.code === 'account_disabled')
            update({ deletion: undefined, blocked: error });
        if (!isOver(error))
            throw error;
        // Perhaps because the account was deleted and the response lost, perhaps not.
        update({ deletion: undefined, unconfirmed: true });
        throw clientError('deletion_unconfirmed', 'sign in to delete');
    }));
    return {
        end,
        logout({ all } = {}) {
            const { session, deletion } = stored;
            forget(deletion);
            return session ? end(Object.assign(session, { all })) : endAll();
        },
        deleteAccount(session) {
            return coroutine(function* () {
                if (!stored.deletion) {
                    if (!stored.session)
                        yield session.access();
                    if (stored.session)
                        forget(stored.session);
                }
                // Another caller may have begun it while this one waited.
                if (!stored.deletion)
                    throw signedOut();
                yield finishDeletion(stored.deletion);
            });
        },
        finish() {
            return coroutine(function* () {
                yield endAll();
                if (stored.deletion) {
                    yield finishDeletion(stored.deletion).catch((error) => {
                        if (stored.deletion)
                            throw error;
                    });
                }
            });
        },
    };
}
function createSend(platform, baseUrl, timeout) {
    const base = baseUrl.replace(/\/+$/, '');
    return (method, path, request = {}, tokens) => ask(platform, 'request', {
        url: base + fill(path, request.params) + encodeQuery((request.query || {})),
        method,
        header: headerOf(request, tokens),
        data: JSON.stringify(request.body),
        timeout: request.timeout || timeout,
    }, networkError(`${method} ${path}`, base, 'request')).then(interpret);
}
function fill(path, params) {
    return path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(params[name]));
}
function encodeQuery(query) {
    return Object.keys(query)
        .filter((name) => query[name] != null)
        .map((name, index) => `${index ? '&' : '?'}${name}=${encodeURIComponent(query[name])}`)
        .join('');
}
function headerOf({ header, body, ifMatch, ifNoneMatch, idempotencyKey }, tokens) {
    const own = {
        'content-type': body && 'application/json',
        'if-match': ifMatch,
        'if-none-match': ifNoneMatch,
        'idempotency-key': idempotencyKey,
        authorization: tokens && `Bearer ${tokens.access}`,
    };
    // JSON leaves out what is undefined, and some phones do not.
    return Object.assign({}, header, JSON.parse(JSON.stringify(own)));
}
/** Every status reaches `success`, so what is an error is decided here. */
function interpret({ statusCode: status, data, header }) {
    if (status < 300 || status === 304) {
        return { status, body: data === '' ? undefined : data, etag: lookUp(header, /^etag$/i) };
    }
    const { code, detail, message, errors = [], request_id } = (data || {});
    throw new ApiError(code ? 'api' : 'gateway', detail || message || `HTTP ${status}`, {
        status,
        code,
        fields: errors,
        retryAfter: Number(lookUp(header, /^retry-after$/i)) || undefined,
        requestId: request_id || lookUp(header, /^(x-request-id|apigw-requestid)$/i),
    });
}
/** Phones differ in the case of header names. */
function lookUp(header, name) {
    const key = Object.keys(header || {}).find((one) => name.test(one));
    return key && header[key];
}
/** `list` is the domain list of the mini-program that the URL's host has to be on. */
function networkError(what, url, list) {
    return (message) => new ApiError('network', `${what}: ${message} (on phones only? Add ${url.split('/', 3).join('/')} to the ${list} domains)`);
}
// Generated from openapi.yaml by `npm run generate`.
/** Name, method and path, without its /v1; before them `-` for no access token, after them `=` for a body, `#` for an idempotency key, `?` for a query. */
const OPERATIONS = `
ping -GET /ping
setPhone POST /users/me/phone=
readMe GET /users/me
changeMe PUT /users/me=
exportMe GET /users/me/export?
readUser GET /users/{id}
changeUser PUT /users/{id}=
deleteUser DELETE /users/{id}
listUsers GET /users?
createUser POST /users=
profiles GET /profiles?
listAudit GET /audit?
listReviews GET /reviews?
decideReview POST /reviews/{id}=
report POST /reports=
listUploadsOfUser GET /users/{id}/uploads?
deleteUploadOfUser DELETE /users/{id}/uploads/{upload}
listUploads GET /uploads?
createUpload POST /uploads=#
createUploads POST /uploads/batch=#
readUpload GET /uploads/{id}
deleteUpload DELETE /uploads/{id}
`;
const KEY = 'wechat-backend';
function createStore(storage) {
    const stored = read(storage);
    const state = () => {
        if (stored.deletion)
            return 'deletion_pending';
        if (stored.blocked)
            return 'blocked';
        if (stored.unconfirmed)
            return 'deletion_unconfirmed';
        if (stored.signedOut)
            return 'signed_out';
        return stored.session ? 'signed_in' : 'unknown';
    };
    const listeners = new Set();
    let notified = state();
    return {
        stored,
        state,
        update(change) {
            Object.assign(stored, change);
            save(storage, JSON.stringify(stored));
            if (notified === state())
                return;
            notified = state();
            listeners.forEach((listener) => notify(listener, notified));
        },
        onChange(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}
function read(storage) {
    const stored = { ending: [], epoch: 0 };
    try {
        Object.assign(stored, JSON.parse(storage.getStorageSync(KEY)), { blocked: undefined });
    }
    catch (_) {
        // Nothing is stored, or something else.
    }
    return stored;
}
function save(storage, text) {
    try {
        storage.setStorageSync(KEY, text);
    }
    catch (_) {
        // The storage is full. What it has must go all the same, or a restart would sign in whoever signed out.
        try {
            storage.removeStorageSync(KEY);
            storage.setStorageSync(KEY, text);
        }
        catch (_) {
            // It lasts as long as the program.
        }
    }
}
const MB = 1024 * 1024;
// What each type begins with. Others that the server accepts need the option `contentType`.
const SIGNATURES = [
    [/^\xff\xd8\xff/, 'image/jpeg'],
    [/^\x89PNG/, 'image/png'],
    [/^GIF8/, 'image/gif'],
    [/^RIFF[^]{4}WEBP/, 'image/webp'],
    [/^[^]{4}ftypqt/, 'video/quicktime'],
    [/^[^]{4}ftyp(iso|mp4|avc1|M4V|3g)/, 'video/mp4'],
    [/^%PDF-/, 'application/pdf'],
];
/** A file as it will be sent: its exact size and its type, compressed if it was too large. */
function prepare(platform, path, options) {
    return coroutine(function* () {
        const most = options.maxBytes || (options.purpose === 'avatar' ? 2 : 10) * MB;
        let file = yield inspect(platform, path, options.contentType);
        const compressible = platform.compressImage && /jpeg|png/.test(file.content_type);
        for (let quality = 80; file.size > most && compressible && quality; quality -= 20) {
            const { tempFilePath } = yield ask(platform, 'compressImage', { src: path, quality }, unreadable(path));
            file = yield inspect(platform, tempFilePath);
        }
        if (file.size > most)
            throw clientError('too_large', `${path}: ${file.size} bytes, ${most} allowed`);
        return file;
    });
}
function inspect(platform, path, contentType) {
    return coroutine(function* () {
        const { size } = yield ask(platform.getFileSystemManager(), 'getFileInfo', { filePath: path }, unreadable(path));
        if (!size)
            throw clientError('empty', path);
        return { path, size, content_type: contentType || typeOf(path, yield bytesOf(platform, path, Math.min(12, size))) };
    });
}
/** The first `length` bytes, or all. */
function bytesOf(platform, filePath, length) {
    const part = length ? { filePath, position: 0, length } : { filePath };
    return ask(platform.getFileSystemManager(), 'readFile', part, unreadable(filePath)).then(({ data }) => data);
}
/** By the bytes: a phone's file names and `wx.getImageInfo` do not know WebP. */
function typeOf(path, data) {
    const start = String.fromCharCode(...new Uint8Array(data));
    const found = SIGNATURES.find(([signature]) => signature.test(start));
    if (!found)
        throw clientError('unknown_type', `${path}: pass contentType`);
    return found[1];
}
function unreadable(path) {
    return (message) => clientError('unreadable', `${path}: ${message}`);
}
const timeout = 5 * 60 * 1000;
/** Sends a file to S3 once; `started` gets the function that stops it. */
function transfer(platform, ticket, file, onProgress, started) {
    return coroutine(function* () {
        const { url } = ticket;
        const { path } = file;
        const follow = (task) => {
            if (task.abort)
                started(() => task.abort());
            if (task.onProgressUpdate) {
                task.onProgressUpdate((now) => onProgress({ sent: now.totalBytesSent, total: now.totalBytesExpectedToSend }));
            }
        };
        const [name, options] = ticket.method === 'PUT'
            ? ['request', { method: 'PUT', header: ticket.headers, data: yield bytesOf(platform, path) }]
            : ['uploadFile', { filePath: path, name: ticket.file_field, formData: ticket.fields }];
        const { statusCode: status, data } = yield ask(platform, name, Object.assign({ url, timeout }, options), networkError(path, url, name), follow);
        // 412: a request whose response was lost has stored it already.
        if (status < 300 || (status === 412 && ticket.method === 'PUT'))
            return;
        const [, code, message] = /<Code>(.*?)<\/Code>\s*<Message>(.*?)</.exec(data) || [];
        throw new ApiError('storage', message || `HTTP ${status}`, { status, code });
    });
}
// One request's tickets.
const BATCH = 20;
const FIRST_POLL = 300;
const SLOWEST_POLL = 3000;
/** How long a verdict is waited for, in milliseconds. */
const PATIENCE = 60 * 1000;
function uploadAll(platform, call, paths, options = {}) {
    const results = [];
    const onCancel = [];
    let cancelled;
    let cancel;
    function check() {
        if (cancelled)
            throw cancelled;
    }
    /** Also if it has been cancelled already, while something was being prepared. */
    function atCancel(stop) {
        if (cancelled)
            stop();
        else
            onCancel.push(stop);
    }
    function report(index, outcome) {
        check();
        results[index] = Object.assign({ path: paths[index] }, outcome);
        notify(options.onResult, results[index], index);
    }
    /** What goes wrong with one file is that file's result, and does not end the others. */
    function each(index, run) {
        return coroutine(function* () {
            try {
                check();
                yield run();
            }
            catch (error) {
                if (!cancelled)
                    report(index, { error: error });
            }
        });
    }
    function run() {
        return coroutine(function* () {
            const items = [];
            for (let index = 0; index < paths.length; index += 1) {
                yield each(index, () => prepare(platform, paths[index], options).then((file) => {
                    items.push({ index, file });
                }));
            }
            while (items.length)
                yield batch(items.splice(0, BATCH));
            return results;
        });
    }
    /** Asking again with the same key renews the tickets that have expired. */
    function batch(items) {
        return coroutine(function* () {
            const { purpose = 'file', method = 'POST' } = options;
            const idempotencyKey = randomKey();
            const body = { items: items.map(({ file: { size, content_type } }) => ({ content_type, size, purpose, method })) };
            const issue = () => call('POST', '/v1/uploads/batch', { body, idempotencyKey }).then((answer) => answer.body.items);
            let tickets;
            try {
                check();
                tickets = yield issue();
            }
            catch (error) {
                // A batch is refused as a whole; one by one, the files that nothing is wrong with are accepted.
                const isOne = items.length === 1 || !error.fields.length;
                for (const item of items) {
                    if (isOne)
                        report(item.index, { error: error });
                    else
                        yield batch([item]);
                }
                return;
            }
            const verdicts = [];
            const jobs = items.map((item, at) => {
                const { index } = item;
                const issued = tickets[at];
                const { id } = issued.upload;
                atCancel(() => {
                    if (!results[index])
                        call('DELETE', `/v1/uploads/${id}`).catch(() => { });
                });
                const send = () => deliver(item, issued, () => issue().then((renewed) => renewed[at]));
                const follow = () => void verdicts.push(each(index, () => verdict(index, id)));
                return () => each(index, () => send().then(follow));
            });
            const worker = () => coroutine(function* () {
                for (let job; (job = jobs.shift());)
                    yield job();
            });
            yield Promise.all(Array.from({ length: options.concurrency || 3 }, worker));
            yield Promise.all(verdicts);
        });
    }
    /** Sends the file until S3 has it, with a fresh ticket if the first has expired. */
    function deliver({ index, file }, issued, renew) {
        let { ticket } = issued;
        let renewed = false;
        const send = (earlier) => coroutine(function* () {
            check();
            // The file may have arrived, and only the answer was lost.
            if (!ticket || (earlier && (yield read(issued.upload.id)).status !== 'pending'))
                return;
            try {
                yield transfer(platform, ticket, file, (progress) => notify(options.onProgress, progress, index), atCancel);
            }
            catch (error) {
                check();
                // S3 says 403 about an expired ticket, and 400 about one whose signer's credentials have expired.
                const { kind, status } = error;
                if (kind !== 'storage' || status > 403 || renewed)
                    throw error;
                renewed = true;
                ticket = (yield renew()).ticket;
                yield send(0);
            }
        });
        return repeated(true, send);
    }
    function verdict(index, id) {
        return coroutine(function* () {
            for (let pause = FIRST_POLL, waited = 0;; waited += pause, pause = Math.min(pause * 1.5, SLOWEST_POLL)) {
                yield wait(pause);
                check();
                const upload = yield read(id);
                const { status, reason } = upload;
                if (waited < PATIENCE && /pending|checking/.test(status))
                    continue;
                if (/ready|review|checking/.test(status))
                    return report(index, { upload });
                throw clientError(status === 'pending' ? 'upload_pending' : 'upload_rejected', reason || status, upload);
            }
        });
    }
    const read = (id) => call('GET', `/v1/uploads/${id}`).then(({ body }) => body);
    const promise = new Promise((resolve, reject) => {
        cancel = () => {
            if (cancelled)
                return;
            cancelled = new ApiError('cancelled', 'cancelled');
            reject(cancelled);
            onCancel.forEach((stop) => stop());
        };
        run().then(resolve, reject);
    });
    return Object.assign(promise, { cancel });
}
/** Distinguishes one user's requests; nothing depends on its being secret. */
function randomKey() {
    return `${Date.now()}-${Math.random()}`;
}
function createClient(options) {
    const { platform = wx, timeout = 15000, baseUrl } = options;
    const send = createSend(platform, baseUrl, timeout);
    const store = createStore(options.storage || platform);
    const running = new Map();
    const refresh = createRefresh(send, store, running, timeout);
    const endings = createEndings(send, store, refresh, running);
    const code = codes(platform, options.code);
    const session = createSession(send, store, refresh, running, endings, code);
    // Without timers, which a mini-program in the background does not run.
    const finish = () => endings.finish().catch(() => { });
    if (platform.onAppShow)
        platform.onAppShow(finish);
    finish();
    const call = (method, path, request = {}) => sendSignedIn(send, session, method, path, request).then((response) => {
        if (store.stored.ending.length)
            finish();
        return response;
    });
    return assemble(platform, store, session, endings, call);
}
/** Login codes, from `wx.login` or the program's own function. */
function codes(platform, own) {
    const fromPlatform = () => ask(platform, 'login', {}, (message) => message).then(({ code }) => code);
    return () => Promise.resolve()
        .then(own || fromPlatform)
        .catch((cause) => {
        throw new ApiError('network', `login code: ${cause}`);
    });
}
function assemble(platform, store, session, endings, call) {
    const client = {
        get state() {
            return store.state();
        },
        onChange: store.onChange,
        signIn: session.signIn,
        logout: endings.logout,
        deleteAccount: () => endings.deleteAccount(session),
        call,
        upload(path, options) {
            const task = uploadAll(platform, call, [path], options);
            const one = task.then(([{ upload, error }]) => {
                if (upload)
                    return upload;
                throw error;
            });
            return Object.assign(one, { cancel: task.cancel });
        },
        uploadAll: (paths, options) => uploadAll(platform, call, paths, options),
    };
    OPERATIONS.replace(/(\w+) (-?)(\w+) ([^=#?\n]*)(=?)(#?)(\??)/g, (_, id, ...parts) => {
        client[id] = operation(call, parts);
        return '';
    });
    return client;
}
/** An operation's method: the ids in its path, then body and query if it has them, then options. */
function operation(call, [anonymous, method, path, body, keyed, query]) {
    return (...given) => {
        const params = {};
        path.replace(/{(\w+)}/g, (_, name) => (params[name] = given.shift()));
        const request = { params, anonymous: !!anonymous };
        if (body)
            request.body = given.shift();
        if (query)
            request.query = given.shift();
        if (keyed)
            request.idempotencyKey = randomKey();
        return call(method, `/v1${path}`, Object.assign(request, given[0])).then((answer) => answer.body);
    };
}
/** With an access token, renewed when needed, and repeated where that is safe. */
function sendSignedIn(send, session, method, path, request) {
    return coroutine(function* () {
        let tokens = request.anonymous ? undefined : yield session.access();
        let replayed = !tokens;
        const attempt = (earlier) => send(method, path, request, tokens).catch((error) => {
            if (error.code === 'unauthorized' && !replayed) {
                replayed = true;
                return session.access(tokens).then((fresh) => {
                    tokens = fresh;
                    return attempt(earlier);
                });
            }
            if (error.code === 'account_disabled' && tokens)
                session.block(tokens, error);
            // The attempt before has deleted it, and only its answer was lost.
            if (earlier && method === 'DELETE' && error.status === 404)
                return { status: 204, body: undefined };
            throw error;
        });
        // With If-Match, a second attempt could find what the first has changed.
        const safe = method === 'POST' ? request.idempotencyKey : !request.ifMatch;
        return repeated(!!safe, attempt);
    });
}
exports.ApiError = ApiError;
exports.createClient = createClient;
