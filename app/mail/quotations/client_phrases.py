"""The words by which mail clients, language by language, mark what somebody else wrote.

Data only: `phrase_tables.py` and `attribution_words.py` use them. Alternatives stand between bars; upper and lower
case are the same.
"""

from typing import NamedTuple


class ClientPhrases(NamedTuple):
    """What the mail clients of one language write.

    `on` begins the line above a quotation ("On <date>, <name> wrote:"), `wrote` is its verb, the word that matters of
    several. `sender`, `date`, `to`, `copy` and `subject` name the header lines that Outlook and others put there.
    `original` stands between dashes above a letter that is answered, `forwarded` above one that is passed on, and
    `forward` begins its subject. `device` is what phones and programs add below: how the
    line begins and, after "…", how it ends.
    """

    on: str = ""
    wrote: str = ""
    sender: str = ""
    date: str = ""
    to: str = ""
    copy: str = ""
    subject: str = ""
    original: str = ""
    forwarded: str = ""
    forward: str = ""
    device: str = ""


LANGUAGES = {
    "ar": ClientPhrases(
        on="في|بتاريخ",
        wrote="كتب|كتبت|كتبه",
        sender="من|المرسل",
        date="تاريخ الإرسال|التاريخ|تم الإرسال|أرسلت",
        to="إلى|الى",
        copy="نسخة|نسخة إلى|عناية",
        subject="الموضوع|موضوع",
        original="الرسالة الأصلية|رسالة أصلية",
        forwarded="رسالة معاد توجيهها|رسالة مُعاد توجيهها|بدء الرسالة المعاد توجيهها|الرسالة المعاد توجيهها",
        forward="إعادة توجيه",
        device="أرسلت من|أُرسلت من|تم الإرسال من|مرسل من|الحصول على Outlook",
    ),
    "bg": ClientPhrases(
        on="На",
        wrote="написа|пише",
        sender="От",
        date="Изпратено|Дата",
        to="До",
        copy="Копие",
        subject="Относно|Тема",
        original="Оригинално съобщение|Първоначално съобщение",
        forwarded="Препратено съобщение|Начало на препратено съобщение",
        device="Изпратено от",
    ),
    "ca": ClientPhrases(
        on="El|El dia",
        wrote="escriure|escrit|escrigué|missatge",
        sender="De",
        date="Enviat|Enviat el|Data",
        to="Per a|A",
        copy="A/c",
        subject="Assumpte|Tema",
        original="Missatge original",
        forwarded="Missatge reenviat|Inici del missatge reenviat",
        device="Enviat des del meu|Enviat des de",
    ),
    "cs": ClientPhrases(
        on="Dne|Dňa",
        wrote="napsal|napsala|napsal(a)|píše",
        sender="Od",
        date="Odesláno|Datum|Posláno|Odeslané",
        to="Komu|Pro|Příjemce",
        copy="Kopie",
        subject="Předmět|Věc",
        original="Původní zpráva|Původní e-mail|Původní email",
        forwarded="Přeposlaná zpráva|Předaná zpráva|Přeposlaný e-mail|Začátek přeposílané zprávy|Forwardovaná zpráva",
        device="Odesláno z|Odesláno ze|Odesláno pomocí|Získat Outlook|Stáhnout Outlook",
    ),
    "da": ClientPhrases(
        on="Den",
        wrote="skrev|skriver",
        sender="Fra",
        date="Sendt|Dato",
        to="Til",
        copy="Kopi",
        subject="Emne",
        original="Oprindelig meddelelse|Oprindelig besked|Original meddelelse|Original besked",
        forwarded="Videresendt meddelelse|Videresendt besked|Videresendt mail|Start på videresendt besked",
        forward="VS",
        device="Sendt fra|Sendt med|Sendt via|Hent Outlook",
    ),
    "de": ClientPhrases(
        on="Am|Den|Vom",
        wrote="schrieb|schrieben|schreibt|geschrieben",
        sender="Von|Absender",
        date="Gesendet|Gesendet am|Datum|Versendet|Verschickt",
        to="An|Empfänger",
        copy="Kopie|Kopie an|Blindkopie",
        subject="Betreff|Betr.|Thema",
        original=(
            "Ursprüngliche Nachricht|Original-Nachricht|Originalnachricht|Original Nachricht|"
            "Originale Nachricht|Ursprüngliche Mail|Ursprüngliche E-Mail|Urspr. Nachricht|"
            "Ursprungsnachricht|Ursprüngliche Mitteilung"
        ),
        forwarded=(
            "Weitergeleitete Nachricht|Weitergeleitete E-Mail|Weitergeleitete Mail|"
            "Anfang der weitergeleiteten Nachricht|Anfang der weitergeleiteten E-Mail|"
            "Beginn der weitergeleiteten Nachricht|Beginn der weitergeleiteten E-Mail"
        ),
        forward="WG|WTR",
        device=(
            "Von meinem…gesendet|Von meiner…gesendet|Gesendet von|Gesendet mit|Gesendet aus|"
            "Gesendet über|Gesendet via|Versendet mit|Diese Nachricht wurde von meinem…gesendet|"
            "Diese Nachricht wurde mit…gesendet|Outlook für…herunterladen|Outlook für…beziehen|"
            "Holen Sie sich Outlook für|Diese E-Mail wurde von Avast"
        ),
    ),
    "el": ClientPhrases(
        on="Στις|Την|Τη",
        wrote="έγραψε|έγραψαν|γράφει",
        sender="Από",
        date="Στάλθηκε|Ημερομηνία|Εστάλη|Αποστολή",
        to="Προς",
        copy="Κοιν.|Κοινοποίηση|Κοιν",
        subject="Θέμα",
        original="Αρχικό μήνυμα|Πρωτότυπο μήνυμα",
        forwarded="Προωθημένο μήνυμα|Έναρξη προωθημένου μηνύματος|Προωθημένο ηλεκτρονικό μήνυμα",
        forward="ΠΡΘ",
        device="Στάλθηκε από|Αποστολή από|Εστάλη από|Λήψη του Outlook|Αποκτήστε το Outlook",
    ),
    "en": ClientPhrases(
        on="On|At|In a message dated|In a message written on",
        wrote="wrote|writes|write",
        sender="From|Sender",
        date="Sent|Date|Sent on|Date sent|Sent at",
        to="To|Recipient|Recipients",
        copy="Cc|Bcc|CCO|CCI",
        subject="Subject|Subj|Re",
        original=(
            "Original Message|Original Mail|Original Email|Original E-mail|Reply Message|"
            "Original Appointment|Quoted text"
        ),
        forwarded=(
            "Forwarded Message|Forwarded Email|Forwarded E-mail|Forwarded mail|"
            "Begin forwarded message|Begin forwarded email|Forwarded by|"
            "Start of forwarded message|Forwarded Letter|Forwarded conversation"
        ),
        forward="Fwd|Fw|Forward|Forwarded",
        device=(
            "Sent from|Sent via|Sent with|Sent using|Sent by my|Sent on my|Sent on the|"
            "Sent through|Get Outlook for|Download Outlook for|Get BlueMail for|Virus-free.|"
            "This email has been checked for viruses by|This message was sent from my|"
            "This email was sent from my|Typed on my|Written on my|Composed on my"
        ),
    ),
    "es": ClientPhrases(
        on="El|El día|En|Con fecha",
        wrote="escribió|escribio|escribía|escribe|escrito",
        sender="De|Remitente",
        date="Enviado|Enviado el|Fecha|Enviada|Enviado a las",
        to="Para|A|Destinatario",
        copy="Con copia|CC a|CCO",
        subject="Asunto|Tema",
        original="Mensaje original|Correo original|Mensaje Origen",
        forwarded="Mensaje reenviado|Correo reenviado|Inicio del mensaje reenviado|Comienza el mensaje reenviado",
        forward="RV|Reenvío",
        device=(
            "Enviado desde|Enviado de|Enviado con|Enviado por|Enviado vía|Enviado mediante|"
            "Obtener Outlook para|Descargar Outlook para|Obtenga Outlook para|Libre de virus"
        ),
    ),
    "et": ClientPhrases(
        wrote="kirjutas",
        sender="Saatja|Kellelt",
        date="Saatmisaeg|Kuupäev|Saadetud",
        to="Adressaat|Kellele",
        copy="Koopia",
        subject="Teema",
        original="Algne kiri|Algsõnum|Algne sõnum",
        forwarded="Edastatud kiri|Edastatud sõnum",
        device="Saadetud minu",
    ),
    "fa": ClientPhrases(on="در", wrote="نوشت|نوشته", sender="از", date="تاریخ|فرستاده شده", to="به", subject="موضوع"),
    "fi": ClientPhrases(
        on="Päivämäärä",
        wrote="kirjoitti|kirjoittaa",
        sender="Lähettäjä|Keneltä",
        date="Lähetetty|Päivämäärä|Päiväys|Pvm",
        to="Vastaanottaja|Kenelle|Saaja",
        copy="Kopio|Piilokopio",
        subject="Aihe",
        original="Alkuperäinen viesti|Alkuperäinen sähköposti",
        forwarded=(
            "Välitetty viesti|Edelleenlähetetty viesti|Välitetty sähköposti|"
            "Alkaa välitetty viesti|Välitetty viesti alkaa"
        ),
        forward="VL",
        device="Lähetetty|Hanki Outlook|Lataa Outlook",
    ),
    "fr": ClientPhrases(
        on="Le|En date du|En date de|Du",
        wrote="écrit|ecrit|écrivait|écrivit",
        sender="De|Expéditeur|De la part de",
        date="Envoyé|Envoyé le|Date|Date d'envoi|Date d’envoi|Envoyée|Message du",
        to="À|A|Destinataire|Pour|Destinataires",
        copy="Copie|Copie à|Cci",
        subject="Objet|Sujet",
        original=(
            "Message d'origine|Message d’origine|Message original|Message initial|Mail original|Courriel original"
        ),
        forwarded=(
            "Message transféré|Message transmis|Début du message transféré|"
            "Début du message réexpédié|Message réexpédié|Mail transféré|Courriel transféré|"
            "Transféré par|Début du message transmis"
        ),
        forward="TR",
        device=(
            "Envoyé de|Envoyé depuis|Envoyé par|Envoyé avec|Envoyé à partir|Envoyé via|"
            "Envoyée de|Obtenir Outlook pour|Obtenez Outlook pour|Télécharger Outlook pour|"
            "Téléchargez Outlook pour|Provenance : Courrier|Provenance: Courrier|"
            "Garanti sans virus|Sans virus"
        ),
    ),
    "he": ClientPhrases(
        on="בתאריך|ב-|ביום",
        wrote="כתב|כתבה|כתב/ה|מאת",
        sender="מאת",
        date="נשלח|תאריך",
        to="אל|לכבוד",
        copy="עותק|העתק",
        subject="נושא|הנדון",
        original="הודעה מקורית|ההודעה המקורית",
        forwarded="הודעה שהועברה|התחלת הודעה שהועברה|תחילת ההודעה שהועברה|הודעה מועברת",
        forward="הועבר",
        device="נשלח מה|נשלח מ|קבל את Outlook|הורד את Outlook",
    ),
    "hr": ClientPhrases(
        on="Dana|Dne|U",
        wrote="napisao|napisala|napisao/la|piše",
        sender="Od|Šalje",
        date="Poslano|Datum|Poslato|Послато",
        to="Za|Prima",
        copy="Kopija",
        subject="Predmet|Tema",
        original="Izvorna poruka|Originalna poruka",
        forwarded="Proslijeđena poruka|Prosleđena poruka|Početak proslijeđene poruke",
        device="Poslano s|Poslano sa|Poslato sa",
    ),
    "hu": ClientPhrases(
        on="Ekkor|Dátum",
        wrote="írta|írja|írt",
        sender="Feladó|Küldő|Küldi",
        date="Elküldve|Dátum|Küldve|Küldés dátuma|Elküldés dátuma",
        to="Címzett|Címzettek",
        copy="Másolat|Másolatot kap",
        subject="Tárgy",
        original="Eredeti üzenet|Eredeti levél",
        forwarded="Továbbított üzenet|Továbbított levél|Továbbított üzenet kezdete|Továbbított levél kezdete",
        forward="Továbbítás|Tov",
        device="Az…küldve|…küldve|Az Outlook letöltése|Küldve",
    ),
    "id": ClientPhrases(
        on="Pada|Pada tanggal",
        wrote="menulis",
        sender="Dari|Daripada",
        date="Tanggal|Dikirim|Terkirim|Dihantar",
        to="Kepada|Ke",
        copy="Salinan",
        subject="Perihal|Subjek",
        original="Pesan asli|Pesan Asli",
        forwarded="Pesan terusan|Pesan yang diteruskan",
        device="Dikirim dari",
    ),
    "is": ClientPhrases(
        wrote="skrifaði",
        sender="Frá",
        date="Sent|Dagsetning",
        to="Til",
        copy="Afrit",
        subject="Efni",
        original="Upprunaleg skilaboð",
        forwarded="Áframsend skilaboð",
    ),
    "it": ClientPhrases(
        on="Il|Il giorno|In data|Alle ore|Alle",
        wrote="scritto|scrive|scriveva|scrisse",
        sender="Da|Mittente",
        date="Inviato|Data|Inviato il|Inviata|Data invio",
        to="A|Destinatario|Per",
        copy="Per conoscenza|Cc|Ccn|Copia",
        subject="Oggetto",
        original="Messaggio originale|Messaggio Originale|Mail originale|Messaggio di origine",
        forwarded="Messaggio inoltrato|Inizio messaggio inoltrato|Inoltrato da",
        forward="I|Inoltra|Inoltrato",
        device=(
            "Inviato da|Inviato dal|Inviato con|Inviato tramite|Scarica Outlook per|Ottieni Outlook per|Privo di virus"
        ),
    ),
    "ja": ClientPhrases(
        wrote="のメール|さんは書きました|書きました|wrote|のメッセージ|さんからのメール",
        sender="差出人|送信者|From",
        date="送信日時|日時|日付|送信日",
        to="宛先|受信者",
        copy="写し",
        subject="件名",
        original="元のメッセージ|元のメール|オリジナルメッセージ|Original Message",
        forwarded="転送メッセージ|転送されたメッセージ|転送されたメール|転送メール|Forwarded message",
        forward="転送",
        device="…から送信|…からの送信|…より送信|Outlook for…を入手|…を入手",
    ),
    "ko": ClientPhrases(
        wrote="작성|작성함|님이 작성|썼습니다|님의 메시지",
        sender="보낸 사람|보낸사람|발신",
        date="보낸 날짜|날짜|보낸날짜|보낸 시간|보냄",
        to="받는 사람|받는사람|수신",
        copy="참조|숨은 참조|숨은참조",
        subject="제목",
        original="원본 메시지|원본 메일|원본메시지|원본 이메일|Original Message",
        forwarded="전달된 메시지|전달된 메일|전달된 이메일|전달 메시지",
        forward="전달",
        device="나의…에서 보냄|내…에서 보냄|…에서 보냄|…에서 보냈습니다|Outlook…다운로드",
    ),
    "lt": ClientPhrases(
        wrote="rašė|parašė",
        sender="Nuo|Siuntėjas",
        date="Išsiųsta|Data",
        to="Kam|Gavėjas",
        copy="Kopija",
        subject="Tema",
        original="Pradinis pranešimas|Originalus laiškas",
        forwarded="Persiųstas laiškas|Persiųstas pranešimas",
    ),
    "lv": ClientPhrases(wrote="rakstīja", sender="No", date="Nosūtīts|Datums", to="Kam", copy="Kopija", subject="Tēma"),
    "nl": ClientPhrases(
        on="Op|Op datum van|Op datum",
        wrote="schreef|geschreven|schrijft",
        sender="Van|Afzender",
        date="Verzonden|Datum|Verzonden op|Verstuurd|Verzonden om",
        to="Aan|Naar|Ontvanger",
        copy="Kopie|Cc|Bcc",
        subject="Onderwerp|Betreft",
        original=(
            "Oorspronkelijk bericht|Origineel bericht|Oorspronkelijke bericht|Originele bericht|Oorspronkelijke e-mail"
        ),
        forwarded="Doorgestuurd bericht|Begin doorgestuurd bericht|Doorgestuurde e-mail|Doorgestuurde mail",
        forward="Doorst",
        device=(
            "Verzonden vanaf|Verzonden vanuit|Verzonden met|Verzonden via|Verzonden door|"
            "Verstuurd vanaf|Verstuurd met|Verstuurd vanuit|Verstuurd via|"
            "Outlook voor…downloaden|Download Outlook voor"
        ),
    ),
    "no": ClientPhrases(
        on="Den|På|Kl.",
        wrote="skrev|skreiv|skriver",
        sender="Fra|Frå",
        date="Sendt|Dato|Sendt dato",
        to="Til",
        copy="Kopi|Kopi til",
        subject="Emne",
        original="Opprinnelig melding|Original melding|Opprinnelig e-post|Opphavleg melding",
        forwarded="Videresendt melding|Videresendt e-post|Start på videresendt melding|Vidaresend melding",
        forward="VS",
        device="Sendt fra|Sendt frå|Sendt med|Få Outlook for|Skaff deg Outlook|Last ned Outlook|Hent Outlook",
    ),
    "pl": ClientPhrases(
        on="W dniu|Dnia|W",
        wrote="napisał|napisała|napisana|napisał(a)|pisze|napisali",
        sender="Od|Nadawca",
        date="Wysłano|Data|Wysłane|Wysłany|Data wysłania|Wiadomość wysłana",
        to="Do|Adresat|Odbiorca",
        copy="Do wiadomości|DW|UDW|Kopia",
        subject="Temat|Dotyczy",
        original=(
            "Wiadomość oryginalna|Oryginalna wiadomość|Pierwotna wiadomość|Oryginalny e-mail|"
            "Treść oryginalnej wiadomości"
        ),
        forwarded=(
            "Przekazana wiadomość|Wiadomość przekazana|Treść przekazanej wiadomości|"
            "Początek przekazywanej wiadomości|Przesłana wiadomość|Wiadomość przesłana dalej|"
            "Przesłana dalej wiadomość|Forwarded message"
        ),
        forward="PD",
        device=(
            "Wysłane z|Wysłano z|Wysłane przez|Wysłano za pomocą|Pobierz program Outlook|"
            "Pobierz aplikację Outlook|Wolny od wirusów"
        ),
    ),
    "pt": ClientPhrases(
        on="Em|A|No dia|O dia|O",
        wrote="escribiu|escreveu|escreveram|escrevia|escreve",
        sender="De|Remetente",
        date="Enviado|Enviada|Data|Enviado em|Enviada em|Enviado a",
        to="Para|A|Destinatário",
        copy="Com cópia|Cc|Cco|Com cópia para",
        subject="Assunto",
        original="Mensagem original|Mensagem Original|E-mail original|Mensagem de origem",
        forwarded=(
            "Mensagem encaminhada|Mensagem reencaminhada|Início da mensagem encaminhada|"
            "E-mail encaminhado|Início da mensagem reencaminhada|"
            "Início de mensagem reencaminhada|Encaminhado por"
        ),
        forward="ENC",
        device=(
            "Enviado do|Enviado de|Enviado pelo|Enviado a partir|Enviado via|Enviado através|"
            "Enviado com|Obter o Outlook para|Obter Outlook para|Baixar o Outlook|"
            "Transferir o Outlook|Livre de vírus|Sem vírus"
        ),
    ),
    "ro": ClientPhrases(
        on="În|In|Pe|La|La data",
        wrote="scris|scrie",
        sender="De la|Expeditor|De",
        date="Trimis|Data|Dată|Trimis la|Trimisă",
        to="Către|Catre|Pentru",
        copy="Copie",
        subject="Subiect|Subiectul",
        original="Mesaj original|Mesajul original|Mesaj initial|Mesajul inițial",
        forwarded=(
            "Mesaj redirecționat|Mesaj redirectionat|Mesaj forwardat|"
            "Începutul mesajului redirecționat|Mesajul redirecționat"
        ),
        device="Trimis de pe|Trimis din|Trimis prin|Trimis de la|Obțineți Outlook pentru|Descărcați Outlook",
    ),
    "ru": ClientPhrases(
        on="В|Вы писали|От",
        wrote="написал|написала|написал(а)|написали|пишет|писал|писала|писали",
        sender="От|От кого|Отправитель",
        date="Отправлено|Дата|Отправлен|Дата отправки",
        to="Кому|Получатель",
        copy="Копия|Скрытая копия",
        subject="Тема",
        original="Исходное сообщение|Оригинальное сообщение|Первоначальное сообщение|Исходное письмо",
        forwarded=(
            "Пересылаемое сообщение|Перенаправленное сообщение|Пересланное сообщение|"
            "Начало переадресованного сообщения|Начало пересылаемого сообщения|"
            "Пересылаемое письмо|Пересланное письмо|Начало переадресованного письма"
        ),
        forward="ПЕР|Пересл",
        device=(
            "Отправлено с|Отправлено из|Отправлено через|Отправлено от|Послано с|"
            "Получить Outlook|Скачать Outlook|Без вирусов"
        ),
    ),
    "sk": ClientPhrases(
        on="Dňa|Dna|Dne",
        wrote="napísal|napísala|napísal(a)|píše",
        sender="Od",
        date="Odoslané|Dátum|Odoslaná|Poslané",
        to="Komu|Adresát",
        copy="Kópia",
        subject="Predmet",
        original="Pôvodná správa|Originálna správa|Pôvodný e-mail",
        forwarded="Preposlaná správa|Odovzdaná správa|Začiatok preposlanej správy",
        device="Odoslané z|Odoslané zo|Odoslané pomocou|Získať Outlook",
    ),
    "sl": ClientPhrases(
        on="V|Dne|V V",
        wrote="napisal|napisala|napisal/a|piše",
        sender="Od|Pošiljatelj",
        date="Poslano|Datum",
        to="Za|Komu|Prejemnik",
        copy="Kp|Kopija",
        subject="Zadeva",
        original="Izvirno sporočilo|Prvotno sporočilo|Originalno sporočilo",
        forwarded="Posredovano sporočilo",
        device="Poslano iz",
    ),
    "sv": ClientPhrases(
        on="Den|På|Kl.",
        wrote="skrev|skriver|skrivit",
        sender="Från|Avsändare",
        date="Skickat|Datum|Skickad|Skickat den|Sänt",
        to="Till|Mottagare",
        copy="Kopia|Kopia till|Hemlig kopia",
        subject="Ämne",
        original=(
            "Ursprungligt meddelande|Originalmeddelande|Ursprungligt mail|Ursprungsmeddelande|"
            "Ursprungligt e-postmeddelande"
        ),
        forwarded=(
            "Vidarebefordrat meddelande|Vidarebefordrat brev|Vidarebefordrat mail|"
            "Början på vidarebefordrat meddelande|Vidarebefordrat mejl"
        ),
        forward="VB",
        device="Skickat från|Skickad från|Skickat via|Skickat med|Sänt från|Hämta Outlook|Skaffa Outlook|Virusfritt",
    ),
    "th": ClientPhrases(
        on="ในวันที่|เมื่อวันที่|เมื่อ|วันที่",
        wrote="เขียนว่า|เขียน",
        sender="จาก",
        date="วันที่|ส่ง",
        to="ถึง",
        copy="สำเนา",
        subject="เรื่อง|หัวเรื่อง",
    ),
    "tr": ClientPhrases(
        on="Tarihinde|Tarih",
        wrote="yazdı|yazmış|yazdi|yazıyor",
        sender="Kimden|Gönderen",
        date="Gönderildi|Tarih|Gönderilme|Gönderme tarihi|Gönderim tarihi|Gönderme Tarihi",
        to="Kime|Alıcı|Alıcılar",
        copy="Bilgi|Gizli",
        subject="Konu",
        original="Özgün İleti|Orijinal İleti|Orijinal Mesaj|Özgün Mesaj|Asıl İleti|Orjinal Mesaj|Original Mesaj",
        forwarded=(
            "Yönlendirilmiş ileti|İletilmiş mesaj|İletilen mesaj|Yönlendirilen ileti|"
            "İletilen ileti|İletilmiş ileti başlangıcı|Yönlendirilmiş e-posta|Forwarded message"
        ),
        forward="İLT",
        device="…gönderildi|…gönderilmiştir|…edinin",
    ),
    "uk": ClientPhrases(
        on="В|У|Від",
        wrote="написав|написала|написав(ла)|пише|писав|писала|написали|написав(-ла)",
        sender="Від|Від кого|Відправник",
        date="Надіслано|Дата|Відправлено|Відправлена",
        to="Кому|До|Одержувач",
        copy="Копія",
        subject="Тема",
        original="Вихідне повідомлення|Оригінальне повідомлення|Первинне повідомлення|Початкове повідомлення",
        forwarded=(
            "Переслане повідомлення|Перенаправлене повідомлення|Пересланий лист|"
            "Початок переадресованого повідомлення|Початок пересланого повідомлення|"
            "Перенаправлений лист"
        ),
        device="Надіслано з|Надіслано через|Відправлено з|Відправлено із|Надіслано від|Отримати Outlook",
    ),
    "vi": ClientPhrases(
        on="Vào|Ngày|Vào lúc",
        wrote="viết",
        sender="Từ|Người gửi",
        date="Đã gửi|Ngày|Gửi|Date sent",
        to="Đến|Tới|Người nhận",
        copy="Sao chép",
        subject="Chủ đề|Tiêu đề",
        original="Thư gốc|Tin nhắn gốc",
        forwarded="Thư được chuyển tiếp|Tin nhắn được chuyển tiếp|Chuyển tiếp thư",
        device="Đã gửi từ|Gửi từ|Được gửi từ",
    ),
    "zh": ClientPhrases(
        on="在|于|於",
        wrote="写道|寫道|撰写|撰寫|写到|寫到",
        sender="发件人|寄件者|寄件人|发送人|發件人|發信人|发信人",
        date="发送时间|日期|发送日期|寄件日期|傳送時間|寄送時間|時間|时间|發送時間|發送日期|已发送|已傳送",
        to="收件人|收件者|收信人",
        copy="抄送|副本|密件副本|密送|抄送人|密件抄送",
        subject="主题|主旨|主題|标题|標題",
        original="原始邮件|原始郵件|邮件原件|郵件原件|原邮件|原郵件|原始信件|原始訊息|原始信息|Original",
        forwarded=(
            "转发的邮件|轉寄的郵件|转发邮件信息|转发邮件|轉寄郵件|已转发的邮件|已轉寄的郵件|轉寄的訊息|转发的消息|被转发邮件|被转发的邮件|開始轉寄的郵件|開始轉寄郵件|"
            "下面是被转发的邮件|以下是轉寄的郵件"
        ),
        forward="转发|轉寄|轉發",
        device=(
            "发自我的|發自我的|发自|發自|从我的…发送|從我的…傳送|從我的…發送|從我的…寄出|传送自我的|"
            "傳送自我的|寄自我的|从…手机发送|获取…版 Outlook|取得…版 Outlook|下载 Outlook"
        ),
    ),
}

# What such a line names, somewhere: without it people may have written it.
DEVICES = (
    "phon|ipad|ipod|blackberry|android|galaxy|samsung|huawei|xiaomi|redmi|oneplus|"
    "nokia|motorola|xperia|nexus|mobile|mobil|móvil|handheld|tablet|outlook|yahoo|gmail|"
    "gmx|web.de|t-online|mail.ru|windows|mail app|mail-app|aol mail|proton|tutanota|"
    "mailspring|airmail|thunderbird|superhuman|k-9 mail|fairemail|aquamail|bluemail|"
    "blue mail|polymail|mailbird|mailbox|device|alcatel|htc |em client|zoho|hotmail|mymail|fastmail|spark|"
    "newton mail|typeapp|canary mail|edison mail|wireless|verizon|vodafone|avast|apple watch|"
    "айфон|яндекс|yandex|почт|телефон|смартфон|手机|手機|携帯|スマートフォン|휴대폰|telefon|handy|"
    "celular|cellulare|téléphone|telefoon|puhelin|网易|qq邮箱|foxmail|macbook|virus"
)

# How lines begin that mail servers put above what comes from outside.
BANNERS = (
    "caution: external|caution: this|caution : external|caution external|external email|external sender|external mail|"
    "external message|warning: external|warning: this|this email originated from outside|"
    "this message originated from outside|"
    "this mail originated from outside|this email was sent from outside|this message was sent from outside|"
    "this message came from outside|this email is from an external|you don't often get email from|"
    "you don’t often get email from|some people who received this message don't often get|achtung: externe|"
    "achtung: diese e-mail|externe e-mail|attention: courriel externe|courriel externe|expéditeur externe|"
    "correo externo|remitente externo|let op: externe"
)

# Further header lines of such a block, in any language.
OTHER_HEADERS = (
    "Reply-To|Reply To|Importance|Priority|Attachments|Attachment|Organization|"
    "Newsgroups|Sensitivity|Mailing list|Antwort an|Wichtigkeit|Priorität|Anlagen|Anhang|"
    "Anhänge|Organisation|Répondre à|Importance|Pièces jointes|Pièce jointe|Importancia|"
    "Prioridad|Datos adjuntos|Responder a|Prioridade|Anexos|Anexo|Allegati|Rispondi a|"
    "Priorità|Antwoord aan|Urgentie|Bijlagen|Bijlage|Ważność|Załączniki|Důležitost|"
    "Přílohy|Prioritet|Bilagor|Vedhæftede filer|Vedlegg|Liitteet|Важность|Вложения|"
    "Важливість|Вкладення|Ek|Ekler|Önem|Συνημμένα|Fontosság|Mellékletek|重要度|添付ファイル|重要性|"
    "附件|附檔|중요도|첨부 파일|첨부파일|回复|答复|返信先|When|Where|Wo|Wann|Quand|Où"
)

# Header lines that no client repeats to its reader: with them it is a mail that somebody shows, bytes and all.
RAW_HEADERS = (
    "Message-ID|Received|Return-Path|MIME-Version|Content-Type|Delivered-To|DKIM-Signature|Content-Transfer-Encoding"
)
