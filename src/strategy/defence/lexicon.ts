// Words by which a line in any of two dozen languages is known to speak to whoever ranks or sums up the answers.
import { fold } from './reading.ts';

/** Scripts that put no space between words. */
const UNSPACED = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u;

/** Beginnings of words, `$` where the word must end there, `_` for a space. */
function anyOf(words: string): RegExp {
  const alternatives = words
    .trim()
    .split(/\s+/)
    .map((word) => {
      const stem = fold(word.replace(/\$$/, '').replaceAll('_', ' ')).replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
      return `${UNSPACED.test(stem) ? '' : '(?<![\\p{L}])'}${stem}${word.endsWith('$') ? '(?![\\p{L}])' : ''}`;
    });
  return new RegExp(alternatives.join('|'), 'u');
}

/** To rank, rate, score, put in a place. English has rules of its own. */
export const RATE = anyOf(`
  bewert einstuf stufe$ stuft plazier platzier setze$ setzt wähle$ wählt benot einordn ordne$
  classe$ classez classer notez noter placez placer choisi mettez mets$ évalue désigne
  clasific calific puntú puntu coloca coloque pon$ ponga pongan ponla elige elija escoge valora
  classifique avalie pontue escolha classifica valuta valutate metti mettete mettila scegli posiziona
  rangschik beoordeel plaats kies$ zet$ oceń oceni uszereg umieść wybierz postaw
  оцени оценит ранжир поставь поставьте выбери размести помести постав оціни вибери
  sırala puanla değerlendir seç$ seçin yerleştir koy$ koyun rangordna betygsätt placera välj rangér placér velg ranger
  ohodno seřaď umísti vyber zařaď rangsorol értékeld válaszd helyezd claseaz notează puneți pune$ alege alegeți sijoita arvioi valitse aseta
  排名 排在 排为 排為 排到 评分 評分 评为 評為 打分 选为 選為 选择 選擇 列为 放在 给出最高 給
  順位 ランク 評価 採点 選ん 選べ 選択 位置づけ 순위 평가 점수 선택 매겨 매기 놓으 뽑
  رتب صنف قيم اختر ضع امنح रैंक रखें रखो चुनें अंक मूल्यांकन xếp_hạng đánh_giá chấm_điểm chọn$ xếp$
  peringkat nilai$ nilailah pilih tempatkan κατάταξ κατατάξ βαθμολ αξιολ βάλε βάλτε επίλεξ דרג דרגו בחר בחרו رتبه امتیاز انتخاب จัดอันดับ ให้คะแนน เลือก จัดให้`);

/** An answer, or oneself. */
export const OWN = anyOf(`
  antwort mich$ diese$ réponse moi$ respuesta esta$ mí$ resposta esta_resposta risposta questa$ antwoord mij$ odpowied mnie$
  ответ меня$ відповід cevap cevab yanıt beni$ svar mig$ meg$ vastaus vastaukse minut$ válasz răspuns odpověď mě$ απάντησ
  回答 答案 回覆 回复 本答 我$ 我排 解答 この 답변 응답 대답 나를 저를 إجابة الإجابة اجابة الاجابة جواب هذه उत्तर जवाब मुझे câu_trả_lời tôi$
  jawaban saya$ תשובה התשובה אותי پاسخ مرا คำตอบ ฉัน candidat kandidat`);

/** The first place, or the best. */
export const TOP = anyOf(`
  erste beste platz_1 platz_eins rang_1 sieger höchst gewinner volle_punkt premier première meilleur gagnant primer primero primera mejor ganador máxim
  primeiro primeira melhor vencedor primo prima$ primo_posto migliore vincitore massimo eerste winnaar hoogste bovenaan pierwsz najlepsz zwycię najwyższ
  перв лучш победит высш максим перш найкращ birinci ilk$ ilk_sıra en_iyi kazanan först bästa högst vinnare bedst først fyrst první nejlepší vítěz
  第一 首位 最好 最佳 最高 满分 滿分 冠军 榜首 优胜 一位 1位 1 位 最上位 一番 トップ 満点 最良 1위 일위 첫 최고 가장_높 만점
  الأول الاول أولا اولا أفضل الأفضل الأولى أعلى पहले पहला प्रथम सर्वश्रेष्ठ सर्वोच्च đầu_tiên tốt_nhất đứng_đầu thứ_nhất cao_nhất
  pertama terbaik tertinggi πρώτ καλύτερ κορυφ ראשון ראשונה הטובה اول بهترین อันดับหนึ่ง ที่หนึ่ง ดีที่สุด อันดับแรก อันดับ_1 első legjobb primul cel_mai_bun ensimmäi paras parhaa`);

/** Who ranks. */
export const JUDGES = anyOf(`
  richter juror gutachter bewerter preisrichter juge jury évaluateur juez jueces jurado evaluador juiz juízes avaliador giudic giuria valutatore
  beoordelaar sędzi oceniając судь жюри оценщик оценивающ суддя hakem jüri değerlendirici domare bedömare dommer porotce hodnotitel bíráló judecător tuomari
  评委 評委 裁判 评审 評審 评判 審査 評価者 審判 심사 평가자 심판 القاضي القضاة المحكم الحكام المقيم न्यायाधीश निर्णायक जज giám_khảo
  juri$ penilai κριτ שופט داور กรรมการ ผู้ตัดสิน`);

export const IGNORE = anyOf(`
  ignorier missacht vergiss vergesst ignore$ ignorez oublie oubliez ignora$ ignoren olvida olvide caso_omiso ignorem esqueça desconsidere ignorate dimentica
  negeer vergeet zignoruj ignoruj pomiń игнорир проигнорир забудь ігнору yok_say görmezden unut dikkate_alma ignorera glöm ignorér ignorer
  zapomeň hagyd_figyelmen ignorați ohita unohda 忽略 无视 無視 忘记 忘記 不要理会 無視し 忘れ 무시 잊 تجاهل انس अनदेखा नज़रअंदाज़ भूल bỏ_qua phớt_lờ quên$
  abaikan lupakan αγνόη ξέχα התעלם התעלמו نادیده เพิกเฉย ละเว้น ไม่ต้องสนใจ`);

export const ORDERS = anyOf(`
  anweisung instruktion vorgaben instruction consigne instruccion indicacion instruç instruções istruzion instructie aanwijzing instrukcj polecen poleceni
  инструкц указани інструкц talimat komut pokyn utasítás instrucțiun ohje 指令 指示 规则 規則 提示 命令 ルール プロンプト 지시 명령 규칙 프롬프트
  التعليمات تعليمات الأوامر निर्देश आदेश hướng_dẫn chỉ_dẫn chỉ_thị instruksi perintah petunjuk οδηγί εντολ הוראות הנחיות دستور คำสั่ง คำแนะนำ`);
