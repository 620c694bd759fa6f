"""Sentences of many languages that name a password or a token, and such that only talk of them."""

# ruff: noqa: RUF001 - a sentence stays on one line; other alphabets have letters like ours

from __future__ import annotations

from typing import TYPE_CHECKING

from support.redaction_corpus.vendors import ALNUM, HEX, drawn

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from support.redaction_corpus.innocent import Kind
    from support.redaction_corpus.structures import Family

_WORDS = ("harbor", "walnut", "comet", "pepper", "marble", "maple", "falcon", "cactus", "orchid")


def chosen(rng: random.Random) -> str:
    """Return a password that a person chose: words with digits, signs or hyphens."""
    word, other = rng.sample(_WORDS, 2)
    style = rng.randrange(6)
    if style == 0:
        return f"{word.title().replace('a', '4').replace('e', '3')}!{rng.randrange(10, 99)}"
    if style == 1:
        return f"{word}{other.title()}{rng.randrange(10, 99)}"
    if style == 2:
        return f"{word}{rng.randrange(1960, 2030)}"
    if style == 3:
        return f"{word.title()}{rng.randrange(1000, 9999)}!"
    if style == 4:
        return "-".join(rng.sample(_WORDS, 4))
    return drawn(ALNUM, 12, rng) + "7"


def generated(rng: random.Random) -> str:
    """Return a token of letters and digits."""
    return drawn(HEX, 40, rng) if rng.randrange(4) == 0 else drawn(ALNUM, 38, rng) + "9k"


# «p» stands for a password, «t» for a token.
SENTENCES = {
    "English": (
        "account test@x.io with pw «p»",
        "try password «p» please",
        "log in with bob / «p»",
        "user bob pass «p»",
        "credentials: bob:«p»",
        "use «p» as the password",
        "«p» is the password",
        "passphrase is «p»",
        "the passcode's «p»",
        "you can use password «p» for now",
        "wifi password «p»",
        "pw «p» works",
        "login bob, pw «p»",
        "creds bob/«p»",
        "set the root password to «p»",
        "API Secret «t»",
        "signing key «t»",
        "my access token is «t»",
        "here's the API key: «t»",
    ),
    "German": (
        "das Passwort lautet «p»",
        "Das WLAN-Passwort ist «p».",
        "mein Kennwort: «p»",
        "Passwort für den Server ist «p»",
        "«p» ist das Passwort",
        "nimm «p» als Passwort",
        "API-Schlüssel: «t»",
        "der geheime Schlüssel ist «t»",
        "Zugangscode = «p»",
        "Das Datenbankpasswort lautet jetzt «p»",
    ),
    "French": (
        "le mot de passe est «p»",
        "Mot de passe : «p»",
        "mon mot de passe c'est «p»",
        "le mot de passe du serveur est «p»",
        "« «p» » est le mot de passe",
        "utilise «p» comme mot de passe",
        "clé API : «t»",
        "la clé secrète est «t»",
        "jeton : «t»",
    ),
    "Spanish": (
        "la contraseña es «p»",
        "contraseña: «p»",
        "mi contrasena es «p»",
        "la contraseña del wifi es «p»",
        "usa «p» como contraseña",
        "«p» es la contraseña",
        "clave de API: «t»",
        "la clave secreta es «t»",
    ),
    "Italian": (
        "la password è «p»",
        "la parola d'ordine è «p»",
        "codice di accesso: «p»",
        "chiave API: «t»",
        "usa «p» come password",
    ),
    "Portuguese": (
        "a senha é «p»",
        "minha senha: «p»",
        "palavra-passe: «p»",
        "a senha do banco é «p»",
        "chave de API: «t»",
        "a chave secreta é «t»",
    ),
    "Dutch": (
        "het wachtwoord is «p»",
        "wachtwoord: «p»",
        "mijn wachtwoord is nu «p»",
        "gebruik «p» als wachtwoord",
        "API-sleutel: «t»",
    ),
    "Swedish": (
        "lösenordet är «p»",
        "lösenord: «p»",
        "mitt lösenord är «p»",
        "använd «p» som lösenord",
        "API-nyckel: «t»",
        "nyckeln är «t»",
    ),
    "Norwegian": ("passordet er «p»", "Passord: «p»", "API-nøkkel: «t»"),
    "Danish": ("adgangskoden er «p»", "kodeord: «p»", "API-nøgle: «t»"),
    "Finnish": ("salasana on «p»", "salasanani on «p»", "Salasana: «p»", "API-avain: «t»"),
    "Icelandic": ("lykilorðið er «p»", "lykilorð: «p»"),
    "Polish": (
        "hasło to «p»",
        "moje hasło: «p»",
        "hasłem jest «p»",
        "haslo: «p»",
        "klucz API: «t»",
    ),
    "Czech": ("heslo je «p»", "Heslo: «p»", "heslo k databázi je «p»", "API klíč: «t»"),
    "Slovak": ("heslo je «p»", "prístupový kód: «p»", "API kľúč: «t»"),
    "Croatian": ("lozinka je «p»", "zaporka: «p»", "API ključ: «t»"),
    "Serbian": ("лозинка је «p»", "šifra je «p»", "шифра: «p»", "API кључ: «t»"),
    "Slovenian": ("geslo je «p»", "moje geslo: «p»"),
    "Hungarian": ("a jelszó «p»", "jelszavam: «p»", "a jelszó az «p»", "API kulcs: «t»"),
    "Romanian": ("parola este «p»", "parola mea e «p»", "cheia API: «t»"),
    "Bulgarian": ("паролата е «p»", "парола: «p»", "API ключ: «t»"),
    "Russian": (
        "пароль: «p»",
        "мой пароль «p»",
        "Пароль от сервера: «p»",
        "ПАРОЛЬ - «p»",
        "вот пароль «p»",
        "токен: «t»",
        "ключ API: «t»",
        "секретный ключ — «t»",
        "«p» это пароль",
    ),
    "Ukrainian": ("пароль: «p»", "мій пароль «p»", "паролем є «p»", "ключ API: «t»"),
    "Belarusian": ("пароль гэта «p»", "пароль: «p»"),
    "Greek": ("ο κωδικός είναι «p»", "κωδικός: «p»", "κλειδί API: «t»"),
    "Turkish": ("şifre: «p»", "şifrem «p»", "parola şu: «p»", "API anahtarı: «t»"),
    "Hebrew": ("הסיסמה היא «p»", "סיסמה: «p»", "הסיסמה שלי «p»", "מפתח API: «t»"),
    "Arabic": ("كلمة المرور هي «p»", "كلمة السر: «p»", "مفتاح API: «t»"),
    "Persian": ("رمز عبور: «p»", "پسورد من «p» است", "گذرواژه «p»", "کلید API: «t»"),
    "Hindi": ("पासवर्ड है «p»", "पासवर्ड: «p»", "मेरा पासवर्ड «p» है", "टोकन: «t»"),
    "Bengali": ("পাসওয়ার্ড হল «p»", "পাসওয়ার্ড: «p»"),
    "Thai": ("รหัสผ่านคือ «p»", "รหัสผ่าน: «p»", "รหัสผ่าน«p»"),
    "Vietnamese": ("mật khẩu là «p»", "Mật khẩu: «p»", "mật khẩu của tôi là «p»", "khóa API: «t»"),
    "Indonesian": ("kata sandi: «p»", "kata sandinya adalah «p»", "kunci API: «t»"),
    "Malay": ("kata laluan ialah «p»", "kata laluan: «p»"),
    "Japanese": (
        "パスワードは«p»",
        "パスワードは «p» です",
        "パスワード：«p»",
        "パスワードは「«p»」です。",
        "«p»がパスワードです",
        "APIキーは«t»",
        "秘密鍵：«t»",
    ),
    "Korean": (
        "비밀번호는 «p»",
        "비밀번호: «p»",
        "비번은 «p»입니다",
        "암호는 «p» 입니다",
        "API 키: «t»",
        "시크릿 키는 «t»",
    ),
    "Chinese": (
        "密码是«p»",
        "密码：«p»",
        "密碼：«p»",
        "密碼為 «p»",
        "数据库密码是«p»。",
        "用«p»作为密码",
        "密钥：«t»",
        "金鑰：«t»",
        "口令: «p»",
    ),
    "Lithuanian": ("slaptažodis yra «p»", "slaptažodis: «p»", "API raktas: «t»"),
    "Latvian": ("parole ir «p»", "parole: «p»"),
    "Estonian": ("parool on «p»", "salasõna: «p»"),
    "mixed": (
        "password je «p»",
        "token ist «t»",
        "API key är «t»",
        "password는 «p»",
        "login: bob, heslo: «p»",
        "le token est «t»",
        "el token es «t»",
        "API key は «t»",
        "password は «p» です",
        "password 是 «p»",
        "token: x, пароль: «p»",
    ),
}

TALK = (
    "das Passwort ist falsch",
    "Das Passwort muss mindestens 8 Zeichen lang sein.",
    "Passwort vergessen?",
    "Passwort: mindestens 12 Zeichen",
    "Kennwort ändern: Einstellungen > Konto",
    "Der API-Schlüssel wird verschlüsselt gespeichert.",
    "Passwort mit SHA-256 und Salt",
    "Passwort per E-Mail an max@beispiel.de senden",
    "le mot de passe est obligatoire",
    "Le mot de passe doit contenir au moins 8 caractères.",
    "mot de passe : 8 à 64 caractères",
    "Mot de passe oublié ?",
    "la clé est générée à l'installation",
    "mot de passe chiffré avec bcrypt",
    "la contraseña es obligatoria",
    "La contraseña debe tener al menos 12 caracteres",
    "contraseña: %s",
    "contraseña incorrecta para el usuario {0}",
    "la clave primaria es id_usuario",
    "clave pública: ver documentación",
    "a senha é obrigatória",
    "a senha deve ter no mínimo 6 caracteres",
    "senha: {senha}",
    "chave estrangeira: pedido_id2",
    "la password è obbligatoria",
    "il codice di accesso è stato inviato via e-mail",
    "het wachtwoord is verplicht",
    "wachtwoord moet minstens 8 tekens hebben",
    "lösenordet är för kort",
    "lösenordet måste ha minst 8 tecken",
    "Ange lösenordet för %(user)s:",
    "passordet er feil",
    "adgangskoden er udløbet",
    "salasana on pakollinen",
    "Salasana: vähintään 10 merkkiä",
    "hasło jest wymagane",
    "Hasło musi mieć co najmniej 8 znaków",
    "hasło: minimum 8 znaków",
    "klucz główny to id",
    "heslo je povinné",
    "Heslo musí mít alespoň 8 znaků",
    "lozinka je obavezna",
    "a jelszó kötelező",
    "A jelszó legalább 8 karakter",
    "parola este obligatorie",
    "пароль обязателен",
    "Пароль должен содержать не менее 8 символов",
    "пароль: введите не менее 6 символов",
    "ключ: значение",
    "Ключ доступа недействителен",
    "пароль хэшируется с помощью SHA256",
    "пароль не може бути порожнім",
    "ο κωδικός είναι υποχρεωτικός",
    "şifre zorunludur",
    "Parola en az 8 karakter olmalıdır",
    "הסיסמה היא חובה",
    "كلمة المرور مطلوبة",
    "رمز عبور الزامی است",
    "पासवर्ड आवश्यक है",
    "รหัสผ่านต้องมีอย่างน้อย 8 ตัวอักษร",
    "mật khẩu là bắt buộc",
    "Mật khẩu phải có ít nhất 8 ký tự",
    "kata sandi wajib diisi",
    "パスワードは必須です",
    "パスワードは8文字以上で入力してください",
    "パスワード: 8〜64文字",
    "キーはidです",
    "비밀번호는 필수입니다",
    "비밀번호는 8자 이상이어야 합니다",
    "密码是必填项",
    "密码长度不能少于8位",
    "密码：6-16个字符",
    "密钥长度为256位",
    "主键：id",
    "使用SHA256加密密码",
    "slaptažodis privalomas",
    'msgid "Password"\nmsgstr "Passwort"',
    '"password": "Passwort", "password2": "Passwort wiederholen"',
    '{"login.password": "Contraseña", "login.forgot": "¿Olvidó su contraseña?"}',
    "label: Mot de passe, type: password, name: mot_de_passe1",
    "the password is hashed",
    "passwords must be 12 characters",
    "use a token as the password",
    "this is the password field",
    "set the pw field to required",
    "which user is the login?",
)
"""Sentences about passwords and tokens that contain none."""


def _sentences(templates: tuple[str, ...]) -> Family:
    """Return a family that fills each of a language's sentences with a drawn secret."""

    def family(rng: random.Random) -> Iterator[tuple[str, str]]:
        for template in templates:
            is_token = "«p»" not in template
            secret = generated(rng) if is_token else chosen(rng)
            yield template.replace("«t»" if is_token else "«p»", secret), secret

    return family


FAMILIES: dict[str, Family] = {
    f"sentence {language}": _sentences(templates) for language, templates in SENTENCES.items()
}

KINDS: dict[str, Kind] = {"talk of secrets": lambda rng: rng.choice(TALK)}
